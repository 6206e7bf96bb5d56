/** How the dashboard talks to the gateway: a session cookie, the project in a header, and a token against forged requests. */

import { connection } from "./connection";

/** An answer that is an error, in the server's words. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    /** What is wrong with which field of a form. */
    readonly fields: Record<string, string> = {},
    /** Seconds after which to try again. */
    readonly retryAfter: number | null = null,
    readonly body: unknown = null,
  ) {
    super(message);
  }
}

/** The server cannot be reached, or the answer did not arrive whole. */
export class Unreachable extends Error {
  constructor() {
    super("The server cannot be reached. Nothing was lost; try again when the connection is back.");
  }
}

const state = { csrf: "", project: "" };

export const setCsrf = (token: string) => void (state.csrf = token);
export const setProject = (id: string) => void (state.project = id);

/** What a request of a session carries that is not made by `request`. */
export function sessionHeaders(): Record<string, string> {
  return { "x-csrf-token": state.csrf, ...(state.project && { "x-project-id": state.project }) };
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Ask {
  method?: Method;
  body?: unknown;
  form?: FormData;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

/** The bare response, errors included. Rejects with `Unreachable` alone. */
export async function request(path: string, ask: Ask = {}): Promise<Response> {
  const method = ask.method ?? "GET";
  const headers: Record<string, string> = { accept: "application/json", ...ask.headers };
  if (state.project) headers["x-project-id"] = state.project;
  if (method !== "GET") headers["x-csrf-token"] = state.csrf;
  if (ask.body !== undefined) headers["content-type"] = "application/json";
  try {
    const body = ask.form ?? (ask.body === undefined ? null : JSON.stringify(ask.body));
    const response = await fetch(path, {
      method,
      headers,
      body,
      signal: ask.signal ?? null,
      credentials: "same-origin",
      cache: "no-store",
    });
    connection.reached();
    return response;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    connection.lost();
    throw new Unreachable();
  }
}

/** The JSON of an answer, or an `ApiError`. */
export async function call<T>(path: string, ask: Ask = {}): Promise<T> {
  const response = await request(path, ask);
  const text = await response.text().catch(() => {
    throw new Unreachable();
  });
  const body = parsed(text);
  if (!response.ok) throw refusal(response, body);
  return body as T;
}

export const get = <T>(path: string, signal?: AbortSignal) => call<T>(path, signal ? { signal } : {});
export const post = <T>(path: string, body: unknown = {}) => call<T>(path, { method: "POST", body });
export const put = <T>(path: string, body: unknown = {}) => call<T>(path, { method: "PUT", body });
export const patch = <T>(path: string, body: unknown) => call<T>(path, { method: "PATCH", body });
export const remove = <T>(path: string) => call<T>(path, { method: "DELETE" });

function parsed(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

export function refusal(response: Response, body: unknown): ApiError {
  const said = (body ?? {}) as { error?: unknown; fields?: unknown };
  const message = typeof said.error === "string" ? said.error : `the server answered ${response.status}`;
  const fields = said.fields && typeof said.fields === "object" ? (said.fields as Record<string, string>) : {};
  const after = Number(response.headers.get("retry-after"));
  return new ApiError(response.status, message, fields, Number.isFinite(after) && after > 0 ? after : null, body);
}

/** `?a=b` of what is set. */
export function query(values: Record<string, string | number | boolean | null | undefined>): string {
  const pairs = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return pairs.length === 0 ? "" : `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}`;
}

/** What to tell a person about any failure. */
export function sentence(error: unknown): string {
  if (error instanceof ApiError || error instanceof Unreachable) {
    const text = error.message;
    return text.charAt(0).toUpperCase() + text.slice(1);
  }
  return "Something went wrong in this page. Reload it and try again.";
}
