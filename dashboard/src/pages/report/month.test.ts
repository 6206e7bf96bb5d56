import { expect, test } from "vitest";

import type { Reason } from "../../api/reasons";
import { asked, csv, lines, months, spanOf } from "./month";

const now = new Date("2026-03-05T10:00:00Z");
const explain = (code: string): Reason => ({
  code,
  group: "",
  severity: "critical",
  title: `=${code}`,
  explanation: "",
  remedy: null,
});

test("a month begins and ends in UTC, and this one ends now", () => {
  expect(spanOf("2026-02", now)).toEqual({ from: "2026-02-01T00:00:00.000Z", to: "2026-03-01T00:00:00.000Z" });
  expect(spanOf("2026-03", now).to).toBe(now.toISOString());
  expect(spanOf("2025-12", now).to).toBe("2026-01-01T00:00:00.000Z");
  expect(months(now, 4)).toEqual(["2026-03", "2026-02", "2026-01", "2025-12"]);
  expect([asked("2026-13", now), asked(null, now), asked("2025-01", now)]).toEqual(["2026-03", "2026-03", "2025-01"]);
});

test("the report has every part, and no cell is a formula", () => {
  const bucket = { total: 3, pass: 1, fail: 2, refer: 0, errors: 0, p50_ms: 10, p95_ms: 20 };
  const at = "2026-02-01T00:00:00Z";
  const parts = lines(
    { buckets: [{ ...bucket, at, reasons: { liveness_failed: 2 } }], reasons_complete: true },
    { buckets: [{ at, calls: 1, signals: { velocity: 1 } }], values: [], clusters: [], findings: [] },
    explain,
  );
  expect(parts.map(({ title }) => title)).toEqual([
    "Totals",
    "By day (UTC)",
    "Most frequent reasons",
    "Signs of attacks",
  ]);
  expect(parts[1]?.rows).toEqual([["2026-02-01", 3, 1, 0, 2, 1]]);
  const file = csv(parts);
  expect(file).toContain('"\'=liveness_failed","2"\r\n');
  expect(file).toContain('"Pass rate, %","33.3"\r\n');
});
