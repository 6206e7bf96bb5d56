import { get } from "./client";
import type { One } from "./types";

/** What was measured of a service: at each false-match rate the threshold, and how many genuine people it refuses. */
export interface MeasuredTable {
  /** As in scoring rules. */
  service: string;
  /** The data; null: nothing was measured. */
  measured_on: string | null;
  /** Where the figures are in the product's repository. */
  provenance: string | null;
  /** Whether the people were unknown to training and calibration. */
  held_out: boolean;
  genuine: number;
  others: number;
  points: Point[];
}

export interface Point {
  /** Share of impostors (or attacks) that pass. */
  fmr: number;
  /** None passed; `fmr` is what may be so with 95 % confidence. */
  fmr_is_bound: boolean;
  threshold: number;
  fmr_low?: number;
  fmr_high?: number;
  /** Share of genuine people that are refused, with its 95 % interval where there is one. */
  fnmr: number;
  fnmr_low?: number;
  fnmr_high?: number;
}

export const measuredTables = () => get<One<MeasuredTable[]>>("/api-projects/calibration").then(({ data }) => data);
