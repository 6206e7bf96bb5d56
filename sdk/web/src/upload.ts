/** Sends a capture to the address the page names, with progress, and again where that may help. */

import type { Answer, Capture } from "./machine.js";
import type { Problem } from "./problems.js";

export interface Target {
  url: string;
  /** Sent as `Authorization: Bearer`. */
  token: string | null;
  headers: Record<string, string>;
  /** Form fields, sent before the video. */
  fields: Record<string, string>;
  videoField: string;
  phraseField: string;
  withCredentials: boolean;
  /** How often a failed upload is repeated without being asked. */
  retries: number;
}

export interface Watcher {
  /** Share of the bytes that were sent, 0 to 1. */
  progress(share: number): void;
  /** The upload failed and is repeated after so many seconds. */
  retrying(seconds: number): void;
  /** It is being sent again. */
  sending(): void;
}

/** Statuses after which the same request may succeed. */
const TRANSIENT = new Set([408, 425, 429, 500, 502, 503, 504]);
const FIRST_DELAY = 1;
const MAX_DELAY = 30;

/** Seconds before the next attempt: doubled each time, or what the server asked for. */
export function delayBefore(attempt: number, retryAfter: string | null): number {
  const asked = Number(retryAfter);
  if (retryAfter !== null && Number.isFinite(asked) && asked > 0) return Math.min(MAX_DELAY, asked);
  return Math.min(MAX_DELAY, FIRST_DELAY * 2 ** (attempt - 1));
}

/** The problem of a response that is none to repeat, or of the last attempt. */
export function problemOfAnswer(status: number, body: unknown): Problem {
  const problem = { status, body, ...said(body) };
  if (status === 401 || status === 403) return { code: "not_authorized", ...problem };
  return { code: TRANSIENT.has(status) ? "server_busy" : "rejected", ...problem };
}

/** The sentence of an error body: `error` or `message`, as text or with a `message` of its own. */
function said(body: unknown): { detail?: string } {
  if (typeof body !== "object" || body === null) return {};
  const { error, message } = body as { error?: unknown; message?: unknown };
  if (typeof error === "object" && error !== null) return said(error);
  const text = [error, message].find((value) => typeof value === "string" && value !== "");
  return typeof text === "string" ? { detail: text } : {};
}

/** The capture as a file with a name and a type. */
export function fileOf({ video }: Capture): File {
  return video instanceof File ? video : new File([video], fileName(video.type), { type: video.type });
}

export function fileName(type: string): string {
  const kind = type.split(";")[0] ?? "";
  if (kind.includes("mp4")) return "recording.mp4";
  return kind.includes("quicktime") ? "recording.mov" : "recording.webm";
}

export function formOf(capture: Capture, target: Target): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(target.fields)) form.set(name, value);
  if (capture.phrase !== "" && target.phraseField !== "") form.set(target.phraseField, capture.phrase);
  form.set(target.videoField, fileOf(capture));
  return form;
}

export class Upload {
  #request: XMLHttpRequest | null = null;
  #wake: (() => void) | null = null;
  #cancelled = false;

  /** Resolves with the answer; rejects with a `Problem`; does neither after `cancel`. */
  async send(capture: Capture, target: Target, watcher: Watcher): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#attempt(capture, target, watcher);
      if (this.#cancelled) return new Promise(() => {});
      if (answer && answer.status >= 200 && answer.status < 300) return answer;
      // A conflict of a repeated request is the first one, still running.
      const again = answer === null || TRANSIENT.has(answer.status) || (answer.status === 409 && attempt > 1);
      if (!again || attempt > target.retries) {
        throw answer ? problemOfAnswer(answer.status, answer.body) : ({ code: "offline" } satisfies Problem);
      }
      await this.#wait(delayBefore(attempt, answer?.retryAfter ?? null), watcher);
      if (this.#cancelled) return new Promise(() => {});
      watcher.sending();
    }
  }

  /** Ends a wait early. */
  now(): void {
    this.#wake?.();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#request?.abort();
    this.#wake?.();
  }

  /** One request; null where no answer arrived. */
  #attempt(
    capture: Capture,
    target: Target,
    watcher: Watcher,
  ): Promise<(Answer & { retryAfter: string | null }) | null> {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      this.#request = request;
      request.open("POST", target.url);
      request.withCredentials = target.withCredentials;
      request.setRequestHeader("accept", "application/json");
      // All attempts are one request to a server that knows this header.
      request.setRequestHeader("idempotency-key", capture.id);
      if (target.token) request.setRequestHeader("authorization", `Bearer ${target.token}`);
      for (const [name, value] of Object.entries(target.headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = ({ loaded, total }) => watcher.progress(total > 0 ? loaded / total : 0);
      request.upload.onload = () => watcher.progress(1);
      request.onload = () =>
        resolve({
          status: request.status,
          body: parsed(request.responseText),
          requestId: request.getResponseHeader("x-request-id"),
          retryAfter: request.getResponseHeader("retry-after"),
        });
      request.onerror = request.onabort = request.ontimeout = () => resolve(null);
      request.send(formOf(capture, target));
    });
  }

  async #wait(seconds: number, watcher: Watcher): Promise<void> {
    let waiting = true;
    const woken = new Promise<void>((resolve) => (this.#wake = () => ((waiting = false), resolve())));
    for (let left = Math.ceil(seconds); left > 0 && waiting; left -= 1) {
      watcher.retrying(left);
      await Promise.race([woken, new Promise((resolve) => setTimeout(resolve, 1000))]);
    }
    this.#wake = null;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
