import type { Transaction } from "./types";

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

export type Width = "hour" | "day";

const HOUR_MS = 3_600_000;

/** The buckets from `from` to `to`, those of hours without calls as well. */
export function count(transactions: Transaction[], from: string, to: string, bucket: Width): Bucket[] {
  const width = bucket === "hour" ? HOUR_MS : 24 * HOUR_MS;
  const start = Math.floor(Date.parse(from) / width);
  const end = Math.ceil(Date.parse(to) / width);
  const groups = Array.from({ length: Math.max(0, end - start) }, (): Transaction[] => []);
  for (const transaction of transactions)
    groups[Math.floor(Date.parse(transaction.created_at) / width) - start]?.push(transaction);
  return groups.map((group, index) => bucketOf(new Date((start + index) * width).toISOString(), group));
}

function bucketOf(at: string, group: Transaction[]): Bucket {
  const reasons: Record<string, number> = {};
  for (const reason of group.flatMap(({ decision_reasons }) => decision_reasons))
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  const of = (verdict: string) => group.filter((transaction) => transaction.verdict === verdict).length;
  const durations = group.map(({ duration_ms }) => duration_ms).sort((a, b) => a - b);
  // Nearest rank.
  const percentile = (share: number) => durations[Math.max(0, Math.ceil(share * durations.length) - 1)] ?? null;
  return {
    at,
    total: group.length,
    pass: of("pass"),
    fail: of("fail"),
    refer: of("refer"),
    p50_ms: percentile(0.5),
    p95_ms: percentile(0.95),
    reasons,
  };
}
