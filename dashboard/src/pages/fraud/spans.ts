/** Spans of time the page can show, and what is drawn of them. */

import type { FraudBucket } from "../../api/fraud";

const HOUR = 3_600_000;
export const SPANS = {
  "24h": { label: "24 hours", ms: 24 * HOUR, bucket: "hour" },
  "7d": { label: "7 days", ms: 168 * HOUR, bucket: "hour" },
  "30d": { label: "30 days", ms: 720 * HOUR, bucket: "day" },
  "90d": { label: "90 days", ms: 2160 * HOUR, bucket: "day" },
} as const;
export type Span = keyof typeof SPANS;

export const spanOf = (asked: string | null): Span =>
  asked !== null && Object.hasOwn(SPANS, asked) ? (asked as Span) : "7d";

/** The most frequent signals, most calls first. */
export function topSignals(buckets: FraudBucket[], most: number): [string, number][] {
  const sums = new Map<string, number>();
  for (const { signals } of buckets)
    for (const [signal, calls] of Object.entries(signals)) sums.set(signal, (sums.get(signal) ?? 0) + calls);
  return [...sums].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).slice(0, most);
}
