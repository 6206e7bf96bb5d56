import { refusal, request, Unreachable } from "./client";
import type { ServiceResult, Verdict } from "./types";

export interface Asked {
  video: Blob;
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

/** Sends a recording through the project, on the server's side: the browser has no API key. */
export async function tryIt({ video, phrase, user, keep }: Asked): Promise<TriedOut> {
  const form = new FormData();
  form.set("user_fullname", user);
  form.set("phrase", phrase);
  form.set("consent", "true");
  form.set("storage_consent", String(keep));
  form.set("video", video, video.type.includes("mp4") ? "try-it.mp4" : "try-it.webm");
  const response = await request("/api-projects/try-it", { method: "POST", form });
  const body = await response.json().catch(() => null);
  if (!response.ok) throw refusal(response, body);
  if (body === null) throw new Unreachable();
  return { decided: body as Decided, transaction: response.headers.get("x-request-id") };
}
