import { call, get, post } from "./client";
import type { Consent, One, Receipt } from "./types";

export interface Template {
  kind: string;
  model?: string;
  created_at?: string;
  updated_at?: string;
  samples?: number;
}

export interface Subject {
  user_fullname: string;
  templates: Template[];
  transactions?: number;
}

const user = (name: string) => encodeURIComponent(name);

export const subject = (name: string) =>
  get<One<Subject>>(`/api-projects/subjects/${user(name)}`).then(({ data }) => data);
export const consents = (name: string) =>
  get<One<Consent>>(`/api-consent/consent/${user(name)}`).then(({ data }) => data);
export const withdraw = (name: string, kind: "authorization" | "storage") =>
  post(kind === "authorization" ? "/api-consent/consent" : "/api-consent/strg-consent", {
    is_consent_given: false,
    user_fullname: name,
  });
export const erase = (name: string) =>
  call<One<Receipt>>(`/api-projects/subjects/${user(name)}`, { method: "DELETE" }).then(({ data }) => data);
