/** The filters of the list, as written in the URL and as the API accepts them. */

import type { Transaction } from "../../api/types";

export const NAMES = [
  "verdict",
  "kind",
  "flag",
  "review",
  "fraud",
  "user",
  "tag",
  "session_id",
  "api_key_id",
  "from",
  "until",
] as const;

export type Name = (typeof NAMES)[number];
export type Filters = Partial<Record<Name, string>>;

/** What an address asks for; names that are no filters are left out. */
export function fromSearch(search: URLSearchParams): Filters {
  const found: Filters = {};
  for (const name of NAMES) {
    const value = search.get(name);
    if (value) found[name] = value;
  }
  return found;
}

/** The same filters in one order, so that equal filters make equal addresses. */
export function toSearch(filters: Filters): URLSearchParams {
  return new URLSearchParams(NAMES.flatMap((name) => (filters[name] ? [[name, filters[name]]] : [])));
}

/** The filters as the API takes them: `any` fraud is a filter of its own there. */
export function toApi({ fraud, ...rest }: Filters): Record<string, string> {
  const params: Record<string, string> = Object.fromEntries(toSearch(rest));
  if (fraud === "any") params["has_fraud"] = "true";
  else if (fraud) params["fraud"] = fraud;
  return params;
}

/** Whether a transaction that just happened belongs in the list, by the server's rules. */
export function matches(filters: Filters, transaction: Transaction): boolean {
  const created = Date.parse(transaction.created_at);
  const same = (name: Name, value: string | null) => filters[name] === undefined || filters[name] === value;
  return (
    same("verdict", transaction.verdict) &&
    same("kind", transaction.kind) &&
    same("flag", transaction.flag) &&
    same("review", transaction.review?.status ?? null) &&
    same("user", transaction.user_fullname) &&
    same("session_id", transaction.session_id) &&
    same("api_key_id", transaction.api_key_id) &&
    (filters.tag === undefined || transaction.tags.includes(filters.tag)) &&
    (filters.fraud === undefined ||
      transaction.fraud.some(({ rule }) => filters.fraud === "any" || filters.fraud === rule)) &&
    (filters.from === undefined || created >= Date.parse(filters.from)) &&
    (filters.until === undefined || created < Date.parse(filters.until))
  );
}

/** `2026-01-31T12:00` of an input in the browser's time zone, as RFC 3339; undefined when it is no time. */
export function fromLocal(text: string): string | undefined {
  const date = new Date(text);
  return text === "" || Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

/** RFC 3339 as such an input shows it. */
export function toLocal(at: string | undefined): string {
  const date = new Date(at ?? "");
  if (Number.isNaN(date.getTime())) return "";
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
