import { expect, test } from "vitest";

import { count } from "./buckets";
import type { Transaction } from "./types";

const call = (created_at: string, verdict: string | null, duration_ms: number, decision_reasons: string[] = []) =>
  ({ created_at, verdict, duration_ms, decision_reasons }) as Transaction;

test("every hour of the span has its bucket, also one in which nothing happened", () => {
  const buckets = count(
    [call("2026-01-31T12:59:59.999Z", "pass", 10), call("2026-01-31T14:00:00Z", "fail", 30)],
    "2026-01-31T12:30:00Z",
    "2026-01-31T14:30:00Z",
    "hour",
  );
  expect(buckets.map(({ at, total, pass, fail }) => [at, total, pass, fail])).toEqual([
    ["2026-01-31T12:00:00.000Z", 1, 1, 0],
    ["2026-01-31T13:00:00.000Z", 0, 0, 0],
    ["2026-01-31T14:00:00.000Z", 1, 0, 1],
  ]);
  expect(buckets[1]).toMatchObject({ p50_ms: null, p95_ms: null, reasons: {} });
});

test("reasons are counted, percentiles are those of a call that happened", () => {
  const at = "2026-01-31T12:00:00Z";
  const [day] = count(
    [
      call(at, "fail", 300, ["liveness_failed"]),
      call(at, null, 100),
      call(at, "refer", 200, ["liveness_failed", "no_face"]),
    ],
    at,
    "2026-01-31T13:00:00Z",
    "day",
  );
  expect(day).toMatchObject({
    total: 3,
    refer: 1,
    p50_ms: 200,
    p95_ms: 300,
    reasons: { liveness_failed: 2, no_face: 1 },
  });
});
