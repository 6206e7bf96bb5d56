import createClient, { type Client, type ClientOptions } from "openapi-fetch";
import type { components, operations, paths } from "./schema.js";
import { fetchWithRetries } from "./retry.js";

export type { components, operations, paths };

/** The body of every error. Branch on `code`; `request_id` is what to report. */
export type BiometryError = components["schemas"]["ErrorResponse"];

export interface BiometryOptions extends Omit<ClientOptions, "baseUrl"> {
  /** Where the server is, as `https://biometry.example.org`. */
  baseUrl: string;
  /** An API key or a session token. */
  apiKey: string;
  /** How often a call that is safe to repeat is sent when the server is busy: 429 or 503. 3 by default, 1 for never again. */
  maxAttempts?: number;
}

/**
 * Returns a client with every operation of `/openapi.json`, typed by path: `client.POST("/api-gateway/process-video", …)`.
 * A body with a `Blob` or `File` is sent as a form.
 */
export function createBiometryClient(options: BiometryOptions): Client<paths> {
  const { apiKey, maxAttempts = 3, fetch = globalThis.fetch, ...rest } = options;
  return createClient<paths>({
    ...rest,
    fetch: fetchWithRetries(fetch, maxAttempts),
    headers: { authorization: `Bearer ${apiKey}`, ...rest.headers },
    bodySerializer: serializeBody,
  });
}

function serializeBody(body: unknown): string | FormData {
  const fields = Object.entries(body as Record<string, unknown>);
  if (!fields.some(([, value]) => value instanceof Blob)) return JSON.stringify(body);
  const form = new FormData();
  for (const [name, value] of fields) {
    if (value instanceof Blob) form.set(name, value);
    else if (value !== undefined && value !== null) form.set(name, String(value));
  }
  return form;
}
