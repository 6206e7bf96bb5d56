/** What suspicious calls have in common, and what the project blocks. */

import { get, post, query, remove } from "./client";
import type { One, Review } from "./types";

export type LinkKind = "device" | "address" | "country" | "document" | "face" | "user";
export type BlockedKind = Exclude<LinkKind, "country" | "user">;

export interface FraudBucket {
  at: string;
  calls: number;
  signals: Record<string, number>;
}

export interface FraudValue {
  kind: LinkKind;
  label: string;
  calls: number;
  users: number;
  last_at: string;
  transaction_id: string;
  blocked: boolean;
}

export interface FaceCluster {
  owner: string;
  users: string[];
  user_count: number;
  calls: number;
  last_at: string;
  transaction_id: string;
  blocked: boolean;
}

export interface FraudFinding {
  transaction_id: string;
  rule: string;
  user: string;
  other: string;
  at: string;
}

export interface FraudSummary {
  buckets: FraudBucket[];
  values: FraudValue[];
  clusters: FaceCluster[];
  findings: FraudFinding[];
}

export interface LinkNode {
  key: string;
  kind: LinkKind;
  label: string;
  transaction_id: string;
  blocked: boolean;
  is_start: boolean;
}

export interface Links {
  nodes: LinkNode[];
  edges: { from: string; to: string; calls: number }[];
  complete: boolean;
}

export interface BlockedEntry {
  id: string;
  kind: BlockedKind;
  label: string;
  note: string;
  created_by: Review["decided_by"];
  created_at: string;
  transaction_id: string | null;
}

export interface NewBlocked {
  kind: BlockedKind;
  transaction_id?: string;
  value?: string;
  country?: string;
  note: string;
}

const data = <T>({ data: found }: One<T>) => found;

export const fraudSummary = (from: string, to: string, bucket: "hour" | "day", signal?: AbortSignal) =>
  get<One<FraudSummary>>(`/api-transactions/fraud${query({ from, to, bucket })}`, signal).then(data);
export const links = (id: string, signal?: AbortSignal) =>
  get<One<Links>>(`/api-transactions/transactions/${encodeURIComponent(id)}/links`, signal).then(data);
export const blocklist = (signal?: AbortSignal) =>
  get<One<BlockedEntry[]>>("/api-transactions/blocklist", signal).then(data);
export const block = (entry: NewBlocked) => post<One<BlockedEntry>>("/api-transactions/blocklist", entry).then(data);
export const unblock = (id: string) =>
  remove<One<BlockedEntry>>(`/api-transactions/blocklist/${encodeURIComponent(id)}`).then(data);
