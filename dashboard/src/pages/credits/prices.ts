/** Prices of calls, as the form shows them and as the server stores them. */

import { words } from "../../parts/words";

export const MAX_PRICE = 1_000_000;
export const MAX_PURCHASE = 1_000_000_000;

/** The calls that cost credits. */
const CALLS: Record<string, string> = {
  "verifik.app_registration_face": "Face of a registration",
  "verifik.document_validation": "Document of a registration",
  "verifik.biometric_validation_validate": "Face of a biometric validation",
  "verifik.liveness": "Liveness",
  "verifik.liveness_score": "Liveness with score",
  "verifik.compare": "Comparison of faces",
  "verifik.compare_live": "Comparison with a live face",
  "verifik.compare_with_liveness": "Comparison and liveness",
  "verifik.search": "Search",
  "verifik.search_live_face": "Search by a live face",
  "verifik.search_active_user": "Search for an active user",
  "verifik.verify": "Verification of a person",
};

export interface Price {
  kind: string;
  label: string;
  /** Empty: 1. */
  price: number | "";
}

/** A line for each call that costs credits, and for each further kind that has a price. */
export function lines(prices: Record<string, number>): Price[] {
  const kinds = [...new Set([...Object.keys(CALLS), ...Object.keys(prices)])];
  return kinds.map((kind) => ({ kind, label: CALLS[kind] ?? words(kind), price: prices[kind] ?? "" }));
}

/** What is stored: only prices that were entered. */
export function entered(lines: Price[]): Record<string, number> {
  return Object.fromEntries(lines.filter(({ price }) => price !== "").map(({ kind, price }) => [kind, Number(price)]));
}

/** Why a number is refused, or null. */
export const priceError = (price: unknown) =>
  price === "" || whole(price, 0, MAX_PRICE)
    ? null
    : `a whole number from 0 to ${MAX_PRICE.toLocaleString()}, or nothing`;

export const purchaseError = (amount: unknown) =>
  whole(amount, 1, MAX_PURCHASE) ? null : `a whole number from 1 to ${MAX_PURCHASE.toLocaleString()}`;

const whole = (value: unknown, least: number, most: number) =>
  value !== "" && Number.isInteger(Number(value)) && Number(value) >= least && Number(value) <= most;
