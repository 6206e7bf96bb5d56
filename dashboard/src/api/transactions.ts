import { call, get, put, query, refusal, request } from "./client";
import type { Flag, One, Page, Sample, Transaction } from "./types";

export const list = (filters: Record<string, string>, cursor: string, signal?: AbortSignal) =>
  get<Page<Transaction>>(`/api-transactions/transactions${query({ limit: 50, ...filters, cursor })}`, signal);

export const one = (id: string, signal?: AbortSignal) =>
  get<One<Transaction>>(`/api-transactions/transactions/${encodeURIComponent(id)}`, signal).then(({ data }) => data);

export const samples = (id: string) =>
  get<One<Sample[]>>(`/api-transactions/transactions/${encodeURIComponent(id)}/samples`).then(({ data }) => data);

/** The bytes behind a signed link. It may name the server by its public address; this page reads from its own. */
export async function film(url: string, signal: AbortSignal): Promise<Blob> {
  const { pathname, search } = new URL(url, location.origin);
  const response = await request(pathname + search, { signal, headers: { accept: "*/*" } });
  if (!response.ok) throw refusal(response, await response.json().catch(() => null));
  return response.blob();
}

export interface Related extends Transaction {
  /** What it has in common: `session`, `user`, `device`. */
  related_by: string[];
}

/** The latest others of the same session, user or device. */
export const related = (id: string, signal?: AbortSignal) =>
  get<One<Related[]>>(`/api-transactions/transactions/${encodeURIComponent(id)}/related`, signal).then(
    ({ data }) => data,
  );

export const putTags = (id: string, tags: string[]) =>
  put<One<Transaction>>(`/api-transactions/transactions/${encodeURIComponent(id)}/tags`, { tags }).then(
    ({ data }) => data,
  );

export const putFlag = (id: string, flag: Flag) =>
  call<One<Transaction>>(`/api-transactions/transactions/${encodeURIComponent(id)}/flag${query({ flag })}`, {
    method: "PUT",
  }).then(({ data }) => data);

/** The whole list as a file, saved by the browser. */
export async function download(filters: Record<string, string>) {
  const response = await request(`/api-transactions/transactions/export${query({ format: "csv", ...filters })}`, {
    headers: { accept: "text/csv" },
  });
  if (!response.ok) throw refusal(response, await response.json().catch(() => null));
  save(await response.blob(), `transactions-${new Date().toISOString().slice(0, 10)}.csv`);
}

export function save(blob: Blob, name: string) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
