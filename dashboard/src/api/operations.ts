import { get } from "./client";
import type { One } from "./types";

export interface Queue {
  name: string;
  /** Waiting for a worker. */
  depth: number;
  /** Places to wait; beyond them calls are refused. */
  capacity: number;
  working: number;
  workers: number;
}

export interface Model {
  name: string;
  version: string;
  licence: string;
  source: string;
  sha256: string;
}

/** What does not answer is null. */
export interface Operations {
  services: { name: string; healthy: boolean; latency_ms: number }[];
  model_pack: { name: string; version: string; models: Model[] } | null;
  queue: Queue | null;
  queues: Queue[];
  errors: { total: number; failed: number; rate: number; minutes: number } | null;
  version: string;
}

export const operations = () => get<One<Operations>>("/api-gateway/operations").then(({ data }) => data);
