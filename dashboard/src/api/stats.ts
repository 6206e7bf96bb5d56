import { type Bucket, count, type Width } from "./buckets";
import { ApiError, get, query } from "./client";
import { list } from "./transactions";
import type { Transaction } from "./types";

export interface Stats {
  buckets: Bucket[];
  /** Counted here from so many of the newest calls, because the server does not count; null: all are in. */
  newest: number | null;
}

/** So many calls are counted here at most. */
const MOST = 1000;
/** What happened between two moments, in buckets of an hour or a day (UTC). */
export async function stats(from: string, to: string, bucket: Width, signal?: AbortSignal): Promise<Stats> {
  try {
    const { buckets } = await get<{ buckets: Bucket[] }>(
      `/api-transactions/stats${query({ from, to, bucket })}`,
      signal,
    );
    return { buckets, newest: null };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return counted(from, to, bucket, signal);
    throw error;
  }
}

async function counted(from: string, to: string, bucket: Width, signal?: AbortSignal): Promise<Stats> {
  const found: Transaction[] = [];
  let cursor: string | null = "";
  while (cursor !== null && found.length < MOST) {
    const page: { data: Transaction[]; next_cursor: string | null } = await list(
      { from, until: to, limit: "200" },
      cursor,
      signal,
    );
    found.push(...page.data);
    cursor = page.next_cursor;
  }
  return { buckets: count(found, from, to, bucket), newest: cursor === null ? null : found.length };
}
