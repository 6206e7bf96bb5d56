/** A calendar month (UTC), and a report of it as a table of text. */

import type { FraudSummary } from "../../api/fraud";
import type { Explain } from "../../api/reasons";
import type { Stats } from "../../api/stats";
import { sums, topReasons } from "../overview/sums";

const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/;

/** The month of a moment, as `2026-11`. */
export const monthOf = (at: Date) => at.toISOString().slice(0, 7);

/** The month an address asks for; this one for anything else. */
export const asked = (text: string | null, now: Date) => (text !== null && MONTH.test(text) ? text : monthOf(now));

/** Its first moment and that of the next one; never later than now. */
export function spanOf(month: string, now: Date): { from: string; to: string } {
  const [year = 0, number = 1] = month.split("-").map(Number);
  const from = new Date(Date.UTC(year, number - 1, 1));
  const to = new Date(Math.min(Date.UTC(year, number, 1), now.getTime()));
  return { from: from.toISOString(), to: new Date(Math.max(to.getTime(), from.getTime() + 1)).toISOString() };
}

/** This month and those before it, newest first. */
export function months(now: Date, count: number): string[] {
  return Array.from({ length: count }, (_, back) =>
    monthOf(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1))),
  );
}

export type Line = [string, ...(string | number)[]];

/** The report as lines: totals, days, reasons, signs of attacks. */
export function lines(
  stats: Stats,
  fraud: FraudSummary,
  explain: Explain,
): { title: string; head: Line; rows: Line[] }[] {
  const { total, pass, refer, fail, passRate, p95 } = sums(stats.buckets);
  const signals = new Map<string, number>();
  for (const bucket of fraud.buckets)
    for (const [signal, calls] of Object.entries(bucket.signals))
      signals.set(signal, (signals.get(signal) ?? 0) + calls);
  const suspicious = fraud.buckets.reduce((sum, { calls }) => sum + calls, 0);
  return [
    {
      title: "Totals",
      head: ["Figure", "Value"],
      rows: [
        ["Calls", total],
        ["Passed", pass],
        ["Referred", refer],
        ["Failed", fail],
        ["Pass rate, %", passRate === null ? "" : Number((passRate * 100).toFixed(1))],
        ["p95 latency, ms", p95 === null ? "" : Math.round(p95)],
        ["Suspicious calls", suspicious],
      ],
    },
    {
      title: "By day (UTC)",
      head: ["Day", "Calls", "Passed", "Referred", "Failed", "Suspicious"],
      rows: stats.buckets.map(({ at, ...bucket }, index): Line => {
        const found = fraud.buckets[index]?.at === at ? fraud.buckets[index] : undefined;
        return [at.slice(0, 10), bucket.total, bucket.pass, bucket.refer, bucket.fail, found?.calls ?? 0];
      }),
    },
    {
      title: "Most frequent reasons",
      head: ["Reason", "Calls"],
      rows: topReasons(stats.buckets, 15, explain).map(([reason, calls]): Line => [explain(reason).title, calls]),
    },
    {
      title: "Signs of attacks",
      head: ["Signal", "Calls"],
      rows: [...signals]
        .sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))
        .map(([signal, calls]): Line => [explain(signal).title, calls]),
    },
  ];
}

/** A cell as every spreadsheet reads it; what one would take for a formula is text. */
function cell(value: string | number): string {
  const text = typeof value === "string" && /^[=+\-@\t]/.test(value) ? `'${value}` : String(value);
  return `"${text.replaceAll('"', '""')}"`;
}

/** The report as one CSV file (RFC 4180), an empty line between its parts. */
export const csv = (parts: ReturnType<typeof lines>): string =>
  parts
    .map(({ title, head, rows }) => [[title], head, ...rows].map((line) => line.map(cell).join(",")).join("\r\n"))
    .join("\r\n\r\n") + "\r\n";
