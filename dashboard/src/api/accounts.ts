import { call, get, patch, post, query, remove } from "./client";
import type { Role } from "./types";

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

/** `action`: one, or a group such as `key` with everything below it. */
export interface AuditFilters {
  project?: string;
  action?: string;
}

export const audit = (filters: AuditFilters, cursor: string) =>
  get<{ entries: AuditEntry[]; next_cursor: string | null }>(
    `/api-auth/audit${query({ ...filters, cursor, limit: 50 })}`,
  );

/** How far the end of an organisation is; its receipt once it is done. */
export interface Deletion {
  id: string;
  organisation_id: string;
  status: "deleting" | "deleted";
  begun_at: string;
  deleted_at: string | null;
  projects: number;
  destroyed: { service: string; kind: string; count: number }[];
  signature: string | null;
}

export const deleteOrganisation = (request: { name: string; password: string; code: string }) =>
  call<{ data: Deletion }>("/api-auth/organisation", { method: "DELETE", body: request }).then(({ data }) => data);
export const deletion = (id: string) =>
  get<{ data: Deletion }>(`/api-auth/deletions/${encodeURIComponent(id)}`).then(({ data }) => data);
