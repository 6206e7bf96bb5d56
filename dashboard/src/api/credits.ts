import { get, post, put } from "./client";
import type { One } from "./types";

/** How a project pays for its calls. */
export interface CreditPlan {
  /** Calls are paid out of the balance; else they are only counted. */
  prepaid: boolean;
  /** Without what calls that still run have reserved. */
  balance: number;
  /** By the kind of the transaction; 1 for others. */
  prices: Record<string, number>;
  /** Null while the default (postpaid) is in force. */
  updated_at: string | null;
}

const credits = "/api-projects/credits";

export const creditPlan = () => get<One<CreditPlan>>(credits).then(({ data }) => data);
export const putCreditPlan = (plan: Pick<CreditPlan, "prepaid" | "prices">) =>
  put<One<CreditPlan>>(credits, plan).then(({ data }) => data);
export const addCredits = (amount: number, description: string) =>
  post<One<CreditPlan>>(`${credits}/purchases`, { amount, description }).then(({ data }) => data);
