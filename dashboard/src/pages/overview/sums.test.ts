import { expect, test } from "vitest";

import type { Bucket } from "../../api/stats";
import { sums, topReasons } from "./sums";

const bucket = (over: Partial<Bucket>): Bucket => ({
  at: "2026-01-31T12:00:00Z",
  total: 0,
  pass: 0,
  refer: 0,
  fail: 0,
  errors: 0,
  p50_ms: null,
  p95_ms: null,
  reasons: {},
  ...over,
});

test("nothing happened: no rate and no latency, rather than a nought", () => {
  expect(sums([bucket({}), bucket({})])).toMatchObject({ total: 0, passRate: null, p95: null });
});

test("the pass rate is of what was decided, the latency weighs by calls", () => {
  const found = sums([
    bucket({ total: 10, pass: 3, fail: 1, p95_ms: 100 }),
    bucket({ total: 30, pass: 3, refer: 1, p95_ms: 500 }),
  ]);
  expect(found).toMatchObject({ total: 40, decided: 8, passRate: 0.75, p95: 400 });
});

test("reasons are counted over all buckets, those for a pass left out", () => {
  const reasons = topReasons(
    [
      bucket({
        reasons: { liveness_failed: 1, liveness_passed: 9, face_match_not_enrolled: 7, mrz_font_not_checked: 9 },
      }),
      bucket({ reasons: { liveness_failed: 2, face_match_failed: 3, voice_match_failed: 0 } }),
    ],
    5,
    (code) => ({ code, group: "", severity: "critical", title: code, explanation: "", remedy: null }),
  );
  expect(reasons).toEqual([
    ["face_match_failed", 3],
    ["liveness_failed", 3],
  ]);
});
