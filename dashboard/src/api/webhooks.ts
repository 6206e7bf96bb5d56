import { get, patch, post, query, remove } from "./client";
import type { Delivery, One, Page, Webhook } from "./types";

const base = "/api-gateway/webhooks";
const at = (id: string) => `${base}/${encodeURIComponent(id)}`;

export interface NewWebhook {
  url: string;
  events: string[];
  headers: Record<string, string>;
  api_key_id?: string;
}

export type WithSecret = Webhook & { secret: string };

export const listWebhooks = () => get<One<Webhook[]>>(base).then(({ data }) => data);
export const oneWebhook = (id: string) => get<One<Webhook>>(at(id)).then(({ data }) => data);
export const createWebhook = (webhook: NewWebhook) => post<One<WithSecret>>(base, webhook).then(({ data }) => data);
export const changeWebhook = (id: string, change: Partial<NewWebhook> & { status?: "active" | "paused" }) =>
  patch<One<Webhook>>(at(id), change).then(({ data }) => data);
export const removeWebhook = (id: string) => remove(at(id));
export const rotateSecret = (id: string) => post<One<WithSecret>>(`${at(id)}/rotate`).then(({ data }) => data);
export const sendTest = (id: string) => post<One<Delivery>>(`${at(id)}/test`).then(({ data }) => data);
export const listDeliveries = (id: string, dead: boolean, cursor: string) =>
  get<Page<Delivery>>(`${at(id)}/${dead ? "dead-letters" : "deliveries"}${query({ cursor, limit: 25 })}`);
export const replay = (id: string, delivery: string) =>
  post<One<Delivery>>(`${at(id)}/deliveries/${encodeURIComponent(delivery)}/replay`);
export const replayDead = (id: string) =>
  post<One<{ count: number }>>(`${at(id)}/dead-letters/replay`).then(({ data }) => data.count);
