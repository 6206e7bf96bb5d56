import { get, patch, post, put, query, remove } from "./client";
import type { ApiKey, One, Page, Replay, Rules, RuleSet, Validity } from "./types";

const keys = "/api-projects/public/apikeys";
const rules = "/api-projects/scoring-rules";

export interface NewKey {
  name: string;
  selected_services: string[];
  scores_id: string | null;
  scopes: string[];
  response_format: string;
  rate_limit_per_minute: number;
  expires_at: string | null;
  mode: "live" | "test";
}

export type KeyChange = Pick<
  NewKey,
  "name" | "selected_services" | "scopes" | "response_format" | "rate_limit_per_minute" | "expires_at"
>;

export const listKeys = (cursor: string) => get<Page<ApiKey>>(`${keys}${query({ cursor, limit: 50 })}`);
export const createKey = (key: NewKey) => post<One<string>>(keys, key).then(({ data }) => data);
export const changeKey = (id: string, change: KeyChange) => patch(`${keys}/${encodeURIComponent(id)}`, change);
export const revokeKey = (id: string) => remove(`${keys}/${encodeURIComponent(id)}`);

export const listRules = (cursor = "") => get<Page<RuleSet>>(`${rules}${query({ cursor, limit: 200 })}`);
export const oneRuleSet = (id: string) =>
  get<One<RuleSet>>(`${rules}/${encodeURIComponent(id)}`).then(({ data }) => data);
export const ruleVersion = (id: string, version: number) =>
  get<One<RuleSet>>(`${rules}/${encodeURIComponent(id)}/versions/${version}`).then(({ data }) => data);
export const defaultRules = () => get<One<Rules>>(`${rules}/default`).then(({ data }) => data);
export const validateRules = (draft: unknown) =>
  post<One<Validity>>(`${rules}/validate`, { rules: draft }).then(({ data }) => data);
export const createRules = (name: string, draft: unknown, project_default: boolean) =>
  post<One<RuleSet>>(rules, { name, rules: draft, project_default }).then(({ data }) => data);
export const updateRules = (id: string, name: string, draft: unknown) =>
  put<One<RuleSet>>(`${rules}/${encodeURIComponent(id)}`, { name, rules: draft }).then(({ data }) => data);
export const assignRules = (scores_id: string | null, api_key_id?: string) =>
  put(`${rules}/assignment`, { scores_id, ...(api_key_id && { api_key_id }) });
export const whatIf = (question: Record<string, unknown>) =>
  post<One<Replay>>(`${rules}/what-if`, question).then(({ data }) => data);

export type DialectName = "biometry_v2" | "neuroid" | "idv" | "verifik";
/** How an API learns of consents: declared by the project, or recorded before. */
export type ConsentMode = "attested" | "ledger";

export interface Project {
  id: string;
  name: string;
  selected_services: string[];
  cors_origins: string[];
  /** 0: the server's own limit. */
  rate_limit_per_minute: number;
  response_format: string;
  /** The other APIs that are switched on. */
  dialects: Partial<Record<DialectName, { consent: ConsentMode }>>;
  created_at?: string;
}

const projects = "/api-projects/projects";

export const oneProject = (id: string) => get<Project>(`${projects}/${encodeURIComponent(id)}`);
export const createProject = (project: { name: string; selected_services?: string[] }) =>
  post<Project>(projects, project);
export const changeProject = (id: string, change: Partial<Project>) =>
  patch<Project>(`${projects}/${encodeURIComponent(id)}`, change);
/** Empty switches an API off. */
export const changeDialects = (id: string, chosen: Record<DialectName, ConsentMode | "">) => {
  const dialects = Object.fromEntries(
    Object.entries(chosen).map(([name, consent]) => [name, consent === "" ? null : { consent }]),
  );
  return patch<Project>(`${projects}/${encodeURIComponent(id)}`, { dialects });
};

export interface Retention {
  samples_days: number;
  transactions_days: number;
  updated_at: string | null;
}

/** What a project asks of videos. */
export interface VideoSettings {
  challenge: "optional" | "required";
  challenge_phrase: "digits" | "words";
  replay_scope: "project" | "organisation";
  replays: "fail" | "refer" | "report" | "off";
  updated_at: string | null;
}

export const videoSettings = () => get<One<VideoSettings>>("/api-projects/video-settings").then(({ data }) => data);
export const putVideoSettings = (settings: Omit<VideoSettings, "updated_at">) =>
  put<One<VideoSettings>>("/api-projects/video-settings", settings).then(({ data }) => data);

/** How the pages look that this server shows to persons. */
export interface PageTheme {
  name: string;
  accent: string;
  language: string;
  redirect_url: string;
  frame_ancestors: string[];
  /** A data URI, or empty. */
  logo: string;
  updated_at: string | null;
}

export const pageTheme = () => get<One<PageTheme>>("/api-projects/page-theme").then(({ data }) => data);
export const putPageTheme = (theme: Omit<PageTheme, "updated_at">) =>
  put<One<PageTheme>>("/api-projects/page-theme", theme).then(({ data }) => data);

export const retention = () => get<One<Retention>>("/api-projects/retention").then(({ data }) => data);
export const putRetention = (samples_days: number, transactions_days: number) =>
  put<One<Retention>>("/api-projects/retention", { samples_days, transactions_days }).then(({ data }) => data);
