/** One threshold of a draft at several places, and what each decides of the same past calls. */

import type { Replay, Rules, ServiceRule } from "../../api/types";

/** Where the threshold is tried; the ends decide nothing by themselves. */
export const STEPS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];

/** The draft with the service passing from `pass`; what is referred begins at most there. */
export function withPass(rules: Rules, service: string, pass: number): Rules {
  const rule = rules.services[service] as ServiceRule;
  const refer = Math.min(rule.refer ?? 0.4, pass);
  return { ...rules, services: { ...rules.services, [service]: { ...rule, pass, refer } } };
}

/** Services of the draft whose threshold decides. */
export const swept = (rules: Rules): string[] =>
  Object.entries(rules.services)
    .filter(([, { mode }]) => mode === "required")
    .map(([service]) => service);

export interface Point {
  pass: number;
  passed: number;
  referred: number;
  failed: number;
  /** Of those that people rejected, how many are not a pass; of those they approved, how many are not. */
  stopped: number;
  lost: number;
}

/** How many calls get each verdict, whatever they had. */
export function pointOf(pass: number, { verdicts, labels }: Pick<Replay, "verdicts" | "labels">): Point {
  const count = (verdict: string) => Object.values(verdicts).reduce((sum, by) => sum + (by[verdict] ?? 0), 0);
  return {
    pass,
    passed: count("pass"),
    referred: count("refer"),
    failed: count("fail"),
    stopped: labels.rejected.stopped_after,
    lost: labels.approved.stopped_after,
  };
}
