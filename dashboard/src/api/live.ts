/** What happens, as it happens: server-sent events over fetch, because `EventSource` cannot name the project in a header. */

import { createParser } from "eventsource-parser";
import { useEffect, useRef, useState } from "react";

import { ApiError, request } from "./client";
import type { Transaction } from "./types";

export type LiveState = "connecting" | "live" | "lost" | "off" | "asking";

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 20_000;

/**
 * Follows the project's transactions while `on`, and goes on after the last one seen when the connection broke. `asking`: the
 * server, or what stands before it, gives no stream; the page then polls.
 */
export function useLive(on: boolean, project: string, onTransaction: (transaction: Transaction) => void): LiveState {
  const [state, setState] = useState<LiveState>("off");
  const handler = useRef(onTransaction);
  handler.current = onTransaction;
  useEffect(() => {
    if (!on) return setState("off");
    const abort = new AbortController();
    void follow(abort.signal, setState, (transaction) => handler.current(transaction));
    return () => abort.abort();
  }, [on, project]);
  return state;
}

async function follow(signal: AbortSignal, tell: (state: LiveState) => void, take: (transaction: Transaction) => void) {
  let last = "";
  let wait = FIRST_RETRY_MS;
  const parser = createParser({
    onEvent: ({ event, data, id }) => {
      if (id) last = id;
      if (event === "transaction") take(JSON.parse(data) as Transaction);
    },
    onRetry: (ms) => void (wait = Math.max(ms, 100)),
  });
  while (!signal.aborted) {
    tell("connecting");
    try {
      const response = await request("/api-transactions/live", {
        signal,
        headers: { accept: "text/event-stream", ...(last && { "last-event-id": last }) },
      });
      if (!response.ok || !response.body) throw new ApiError(response.status, "the live list was refused");
      tell("live");
      wait = FIRST_RETRY_MS;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) parser.feed(part.value);
    } catch (error) {
      if (error instanceof ApiError && error.status >= 400 && error.status < 500 && error.status !== 429)
        return tell("asking");
    }
    if (signal.aborted) return;
    parser.reset();
    tell("lost");
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, LAST_RETRY_MS);
  }
}
