import { ApiError, get, patch, post, query, remove, request } from "./client";
import type { One, Role } from "./types";

export interface User {
  id: string;
  email: string;
  name: string;
  role: Role;
  totp_enabled?: boolean;
  created_at?: string;
  last_seen_at?: string | null;
}

export interface Invitation {
  id: string;
  email: string;
  role: Role;
  expires_at: string;
}

export interface Session {
  id: string;
  created_at: string;
  last_seen_at: string;
  user_agent: string;
  address: string;
  current: boolean;
}

export interface AuditEntry {
  id: string | number;
  at: string;
  actor: { kind: string; id: string; name: string };
  action: string;
  target: string;
  before: unknown;
  after: unknown;
  project_id: string | null;
}

export const users = () => get<{ users: User[] }>("/api-auth/users").then((found) => found.users);
export const setRole = (id: string, role: Role) => patch(`/api-auth/users/${encodeURIComponent(id)}`, { role });
export const removeUser = (id: string) => remove(`/api-auth/users/${encodeURIComponent(id)}`);
export const invitations = () =>
  get<{ invitations: Invitation[] }>("/api-auth/invitations").then((found) => found.invitations);
export const invite = (email: string, role: Role) =>
  post<Invitation & { accept_url: string }>("/api-auth/invitations", { email, role });
export const revokeInvitation = (id: string) => remove(`/api-auth/invitations/${encodeURIComponent(id)}`);

export const sessions = () => get<{ sessions: Session[] }>("/api-auth/sessions").then((found) => found.sessions);
export const endSession = (id: string) => remove(`/api-auth/sessions/${encodeURIComponent(id)}`);
export const changePassword = (current_password: string, new_password: string) =>
  post("/api-auth/password", { current_password, new_password });
export const beginTotp = (password: string) =>
  post<{ secret: string; otpauth_url: string }>("/api-auth/totp/begin", { password });
export const confirmTotp = (code: string) => post<{ recovery_codes: string[] }>("/api-auth/totp/confirm", { code });
export const disableTotp = (password: string, code: string) => post("/api-auth/totp/disable", { password, code });
export const newRecoveryCodes = (password: string) =>
  post<{ recovery_codes: string[] }>("/api-auth/recovery-codes", { password });

export const audit = (cursor: string) =>
  get<{ entries: AuditEntry[]; next_cursor: string | null }>(`/api-auth/audit${query({ cursor, limit: 50 })}`);

export interface Operations {
  services: Record<string, boolean> | { name: string; healthy: boolean; error?: string | null }[];
  model_pack?: { name?: string; version?: string; models?: Model[] };
  models?: Model[];
  queue?: { depth: number; capacity?: number };
  queue_depth?: number;
  errors?: { total: number; failed: number; rate?: number; minutes?: number };
  error_rate?: number;
  version?: string;
}

export interface Model {
  name: string;
  version?: string;
  licence?: string;
  license?: string;
  sha256?: string;
}

/** What the server says of itself; one that says no more tells at least which services answer. */
export async function operations(): Promise<Operations> {
  try {
    const found = await get<One<Operations> | Operations>("/api-gateway/operations");
    return "data" in found ? found.data : found;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return ready();
    throw error;
  }
}

/** 503 while a service is away, with the same body. */
async function ready(): Promise<Operations> {
  const response = await request("/readyz");
  return { services: ((await response.json()) as { services: Record<string, boolean> }).services };
}
