/** The JSON of the server's API, as far as the dashboard reads it. Times are RFC 3339. */

export type Role = "owner" | "admin" | "developer" | "fraud_analyst" | "viewer";
export type Verdict = "pass" | "fail" | "refer";
export type Flag = "fraudulent" | "possibly_fraudulent" | "ok";

/** What a role may do, in the server's words. */
export type Permission = string;

export interface Me {
  user: { id: string; email: string; name: string; role: Role; totp_enabled: boolean };
  organisation: { id: string; name: string };
  projects: { id: string; name: string }[];
  permissions: Permission[];
  /** Scopes this role may put on an API key. */
  grantable_scopes: string[];
  csrf_token: string;
}

export interface Page<T> {
  data: T[];
  next_cursor: string | null;
}

export interface One<T> {
  data: T;
  message?: string;
}

export interface Cue {
  name: string;
  value: number | null;
  threshold: number | null;
  passed: boolean | null;
}

/** What one service found. Which fields there are depends on the service. */
export interface ServiceResult {
  code?: number;
  status?: string;
  result?: unknown;
  score?: number | null;
  description?: string;
  error?: string;
  cues?: Cue[];
  [field: string]: unknown;
}

export interface Geo {
  lat?: number;
  lng?: number;
  country?: string;
  city?: string;
  ip?: string;
  source?: string;
}

export interface Fraud {
  rule: string;
  evidence: Record<string, unknown> | null;
  at: string;
}

export interface Reviewer {
  kind: "user" | "api_key";
  id: string;
  name: string;
}

/** What people decided about a transaction, or have to. */
export interface Review {
  transaction_id: string;
  status: "open" | "second_review" | "new_capture" | "approved" | "rejected";
  waiting: boolean;
  causes: string[];
  opened_at: string;
  due_at: string;
  claimed_by: Reviewer | null;
  claimed_until: string | null;
  decision: "approve" | "reject" | "new_capture" | null;
  reason: string | null;
  decided_by: Reviewer | null;
  decided_at: string | null;
}

/** What the rules asked of a service, on the scale of its score. */
export interface AppliedRule {
  mode: Mode;
  pass: number;
  refer: number;
}

/** What a decision rests on. */
export interface Evidence {
  rules?: { scores_id: string; version: number };
  selected?: string[];
  found?: Record<string, "not_enrolled" | { judged?: { score: number }; could_not_judge?: { error: string } }>;
  /** Reasons that kept the verdict from being a better one. */
  decided_by?: string[];
  applied?: Record<string, AppliedRule>;
}

export interface Transaction {
  id: string;
  project_id: string;
  api_key_id: string;
  mode: "live" | "test";
  session_id: string | null;
  user_fullname: string | null;
  kind: string;
  created_at: string;
  http_status: number;
  error: string | null;
  verdict: Verdict | null;
  score: number | null;
  decision_reasons: string[];
  services: Record<string, ServiceResult> | null;
  rules: string | null;
  evidence: Evidence | null;
  action_trigger: string | null;
  device_info: Record<string, unknown> | null;
  geo: Geo | null;
  tags: string[];
  durations: { stages?: { stage: string; wall_ms: number; cpu_ms: number }[]; upload_ms?: number } | null;
  duration_ms: number;
  client_app: string | null;
  client_app_version: string | null;
  flag: Flag | null;
  fraud: Fraud[];
  review: Review | null;
}

export interface Sample {
  id: string;
  name: string;
  content_type: string;
  size: number;
  created_at: string;
  expires_at: string;
  url: string;
  url_expires_at: string;
}

export interface ApiKey {
  id: string;
  name: string;
  state: "active" | "revoked" | "expired";
  /** The calls of a test key are answered without models. */
  mode: "live" | "test";
  selected_services: string[];
  scores_id: string | null;
  scopes: string[];
  can_mint: boolean;
  response_format: string;
  /** 0: the project's. */
  rate_limit_per_minute: number;
  expires_at: string | null;
  created_at: string;
  updated_at: string;
  last_used_at?: string | null;
}

export type Mode = "required" | "advisory" | "off";

export interface ServiceRule {
  mode: Mode;
  pass?: number;
  refer?: number;
  weight?: number;
  not_enrolled?: "neutral" | "refer" | "fail";
  cannot_judge?: "by_reason" | "refer" | "fail";
  missing?: "refer" | "fail" | "neutral";
}

export type CheckMode = "required" | "gating" | "advisory" | "off";

export interface DocumentRules {
  /** What single checks may do; one that is not named does as it says of itself. */
  checks?: Record<string, CheckMode>;
  /** Accepted issuing states (three letters) and types; none: all. */
  countries?: string[];
  types?: string[];
  expired?: "fail" | "refer";
  doubts?: number;
  live_face?: { pass?: number; refer?: number };
}

export interface Rules {
  version: number;
  services: Record<string, ServiceRule>;
  documents?: DocumentRules;
}

export interface RuleSet {
  scores_id: string;
  name: string;
  version: number;
  latest_version: number;
  project_default: boolean;
  created_at: string;
  rules?: Rules;
  versions?: { version: number; created_at: string }[];
}

export interface Validity {
  valid: boolean;
  path?: string;
  error?: string;
  rules?: Rules;
}

export interface Judgement {
  verdict: Verdict;
  score: number | null;
  reasons: string[];
}

export interface Labelled {
  calls: number;
  stopped_before: number;
  stopped_after: number;
}

export interface Replay {
  considered: number;
  replayed: number;
  not_replayed: Record<string, number>;
  verdicts: Record<string, Record<string, number>>;
  labels: { rejected: Labelled; approved: Labelled };
  changed: number;
  changes: { id: string; created_at: string; user_fullname?: string | null; old: Judgement; new: Judgement }[];
  next_cursor: string | null;
}

export interface Webhook {
  id: string;
  api_key_id: string;
  url: string;
  events: string[];
  status: "active" | "paused" | "disabled";
  headers: Record<string, string>;
  success_count: number;
  failure_count: number;
  created_at: string;
  updated_at: string;
}

export interface Attempt {
  at: string;
  duration_ms: number;
  status_code: number | null;
  error: string | null;
  response_excerpt: string | null;
}

export interface Delivery {
  id: string;
  webhook_id: string;
  transaction_id: string;
  event: string;
  status: "pending" | "delivered" | "dead";
  attempts: number;
  next_attempt_at: string | null;
  created_at: string;
  log: Attempt[];
  /** What is sent, as its beginning. */
  request_body: string;
  request_truncated: boolean;
}

export interface ConsentEntry {
  id: string;
  kind: "authorization" | "storage";
  is_consent_given: boolean;
  recorded_at: string;
  api_key_id: string;
  session_id: string | null;
  transaction_id: string;
  hash: string;
}

export interface Consent {
  user_fullname: string;
  authorization: boolean;
  storage: boolean;
  history: ConsentEntry[];
}

export interface Receipt {
  receipt_id: string;
  project_id: string;
  subject: string;
  erased_at: string;
  destroyed: { service: string; kind: string; count: number }[];
  verified: boolean;
  signature: string;
}
