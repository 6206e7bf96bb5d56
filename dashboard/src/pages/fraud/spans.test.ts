import { expect, test } from "vitest";

import { spanOf, topSignals } from "./spans";

test("signals are summed over time, the most frequent first", () => {
  const bucket = (signals: Record<string, number>) => ({ at: "", calls: 0, signals });
  const buckets = [bucket({ velocity: 1, emulator: 2 }), bucket({ velocity: 4 }), bucket({ liveness_failed: 2 })];
  expect(topSignals(buckets, 2)).toEqual([
    ["velocity", 5],
    ["emulator", 2],
  ]);
  expect(topSignals([], 2)).toEqual([]);
});

test("a span of the address that is none is the usual one", () => {
  expect([spanOf("30d"), spanOf("toString"), spanOf("1y"), spanOf(null)]).toEqual(["30d", "7d", "7d", "7d"]);
});
