import { get, query } from "./client";

export interface Bucket {
  at: string;
  total: number;
  pass: number;
  fail: number;
  refer: number;
  errors: number;
  p50_ms: number | null;
  p95_ms: number | null;
  reasons: Record<string, number>;
}

export interface Stats {
  buckets: Bucket[];
  /** False: reasons were counted in the newest decisions alone. */
  reasons_complete: boolean;
}

/** What happened between two moments, in buckets of an hour or a day (UTC). */
export const stats = (from: string, to: string, bucket: "hour" | "day", signal?: AbortSignal) =>
  get<Stats>(`/api-transactions/stats${query({ from, to, bucket })}`, signal);
