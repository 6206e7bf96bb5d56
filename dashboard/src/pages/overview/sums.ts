/** What the buckets of a span of time come to. */

import type { Explain } from "../../api/reasons";
import type { Bucket } from "../../api/stats";

export interface Sums {
  total: number;
  decided: number;
  pass: number;
  refer: number;
  fail: number;
  /** Of the decided ones; null where none was. */
  passRate: number | null;
  /** Of the buckets' own, weighted by their calls: close to, not the same as, that of the whole span. */
  p95: number | null;
}

export function sums(buckets: Bucket[]): Sums {
  const add = (field: "total" | "pass" | "refer" | "fail") => buckets.reduce((sum, bucket) => sum + bucket[field], 0);
  const [total, pass, refer, fail] = [add("total"), add("pass"), add("refer"), add("fail")];
  const decided = pass + refer + fail;
  const timed = buckets.filter((bucket) => bucket.p95_ms !== null && bucket.total > 0);
  const calls = timed.reduce((sum, bucket) => sum + bucket.total, 0);
  const p95 = calls === 0 ? null : timed.reduce((sum, bucket) => sum + (bucket.p95_ms ?? 0) * bucket.total, 0) / calls;
  return { total, decided, pass, refer, fail, passRate: decided === 0 ? null : pass / decided, p95 };
}

/** What speaks for nothing, however often it comes. */
const SAYS_NOTHING = /_(not_checked|not_enrolled)$|^nothing_decisive$/;

/** The reasons that came most, most first, without those that speak for a pass or for nothing. */
export function topReasons(buckets: Bucket[], count: number, explain: Explain): [string, number][] {
  const by = new Map<string, number>();
  const shown = (reason: string) =>
    !SAYS_NOTHING.test(reason) && !/_(passed|given)$/.test(reason) && explain(reason).severity !== "ok";
  for (const { reasons } of buckets) {
    for (const [reason, times] of Object.entries(reasons)) {
      if (shown(reason)) by.set(reason, (by.get(reason) ?? 0) + times);
    }
  }
  return [...by]
    .filter(([, times]) => times > 0)
    .sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))
    .slice(0, count);
}
