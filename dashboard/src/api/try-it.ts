import { sessionHeaders } from "./client";
import type { ServiceResult, Verdict } from "./types";

export interface Asked {
  phrase: string;
  user: string;
  /** Whether the subject agreed that templates and the recording are kept. */
  keep: boolean;
}

/** As process-video answers. */
export interface Decided {
  data: Record<string, ServiceResult>;
  scoring_result: { status: Verdict; rules?: string } | Verdict;
  score: number;
  decision_reasons: string[];
}

export interface TriedOut {
  decided: Decided;
  transaction: string | null;
}

/** Where a recording goes through the project, on the server's side: the browser has no API key. */
export const TRY_IT_URL = "/api-projects/try-it";

/** What the recording is sent with, beside video and phrase. */
export function tryItForm({ user, keep }: Pick<Asked, "user" | "keep">) {
  return {
    headers: sessionHeaders(),
    fields: { user_fullname: user, consent: "true", storage_consent: String(keep) },
  };
}
