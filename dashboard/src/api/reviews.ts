/** The review workspace: what waits for people, and what they decide. */

import { call, get, post, put, query, remove } from "./client";
import type { One, Page, Review, Transaction } from "./types";

export type Queue = "unassigned" | "mine" | "waiting" | "done";
export type Decision = "approve" | "reject" | "new_capture";

export interface Counts {
  unassigned: number;
  mine: number;
  waiting: number;
  claimed: number;
  overdue: number;
}

export interface ReviewStep {
  at: string;
  by: Review["decided_by"];
  decision: Decision;
  reason: string;
  note: string;
}

export interface ReviewDetails extends Review {
  steps: ReviewStep[];
}

export interface ReviewSettings {
  four_eyes: boolean;
  target_minutes: number;
  lease_minutes: number;
}

const review = (id: string) => `/api-transactions/transactions/${encodeURIComponent(id)}/review`;
const data = <T>({ data: found }: One<T>) => found;

export const queue = (name: Queue, cursor: string, signal?: AbortSignal) =>
  get<Page<Transaction>>(`/api-transactions/reviews${query({ queue: name, limit: 50, cursor })}`, signal);
export const counts = (signal?: AbortSignal) => get<One<Counts>>("/api-transactions/reviews/counts", signal).then(data);
export const oneReview = (id: string, signal?: AbortSignal) => get<One<ReviewDetails>>(review(id), signal).then(data);
export const claim = (id: string) => call<One<ReviewDetails>>(`${review(id)}/claim`, { method: "PUT" }).then(data);
export const release = (id: string) => remove<One<ReviewDetails>>(`${review(id)}/claim`).then(data);
export const decide = (id: string, decision: Decision, reason: string, note: string) =>
  post<One<ReviewDetails>>(review(id), { decision, reason, note }).then(data);

export const reviewSettings = () => get<One<ReviewSettings>>("/api-projects/review-settings").then(data);
export const putReviewSettings = (settings: ReviewSettings) =>
  put<One<ReviewSettings>>("/api-projects/review-settings", settings).then(data);
