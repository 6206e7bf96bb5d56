import { get, query } from "./client";

export interface Bucket {
  at: string;
  total: number;
  pass: number;
  fail: number;
  refer: number;
  p50_ms: number | null;
  p95_ms: number | null;
  reasons: Record<string, number>;
}

export const stats = (from: string, to: string, bucket: "hour" | "day") =>
  get<{ buckets: Bucket[] } | { data: { buckets: Bucket[] } }>(`/api-transactions/stats${query({ from, to, bucket })}`).then((found) => ("data" in found ? found.data.buckets : found.buckets));
