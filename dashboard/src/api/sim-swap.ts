import { get, put, remove } from "./client";
import type { One } from "./types";

/** A project's mobile operator, without its secret. */
export interface Operator {
  base_url: string;
  token_url: string;
  client_id: string;
  scope: string | null;
  token_auth: string;
  max_age_hours: number;
  updated_at: string;
}

export interface NewOperator {
  base_url: string;
  token_url: string;
  client_id: string;
  client_secret: string;
  scope?: string;
  token_auth: string;
  max_age_hours: number;
}

const path = "/api-projects/sim-swap";

export const simSwap = () => get<One<Operator>>(path).then(({ data }) => data);
export const putSimSwap = (operator: NewOperator) => put<One<Operator>>(path, operator).then(({ data }) => data);
export const removeSimSwap = () => remove(path);
