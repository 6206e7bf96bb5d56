import { get } from "./client";
import type { One } from "./types";

/** What was measured of a service: at each false-match rate the threshold, and how many genuine people it refuses. */
export interface MeasuredTable {
  /** As in scoring rules. */
  service: string;
  /** The data, and where the figures are from. */
  measured_on: string | null;
  genuine: number;
  others: number;
  points: Point[];
}

export interface Point {
  /** Share of impostors (or attacks) that pass. */
  fmr: number;
  threshold: number;
  /** Share of genuine people that are refused, with its 95 % interval where there is one. */
  fnmr: number;
  fnmr_low?: number;
  fnmr_high?: number;
}

export const measuredTables = () => get<One<MeasuredTable[]>>("/api-projects/calibration").then(({ data }) => data);
