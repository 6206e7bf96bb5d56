type Fetch = (request: Request) => Promise<Response>;

/** Without a `Retry-After` that can be read. */
const DEFAULT_DELAY_S = 1;
const MAX_DELAY_S = 30;

/**
 * Sends a request again when the server was busy (429, 503) and a second call cannot count twice: it only reads, or it
 * carries an `Idempotency-Key`.
 */
export function fetchWithRetries(fetch: Fetch, maxAttempts: number): Fetch {
  return async (request) => {
    const isRepeatable = request.method === "GET" || request.headers.has("idempotency-key");
    for (let attempt = 1; ; attempt++) {
      const isLast = !isRepeatable || attempt >= maxAttempts;
      const response = await fetch(isLast ? request : request.clone());
      if (isLast || (response.status !== 429 && response.status !== 503)) return response;
      await response.body?.cancel();
      await new Promise((resume) => setTimeout(resume, retryDelayMs(response)));
    }
  };
}

function retryDelayMs(response: Response): number {
  const seconds = Number(response.headers.get("retry-after") ?? DEFAULT_DELAY_S);
  const delayS = Number.isFinite(seconds) ? seconds : DEFAULT_DELAY_S;
  return Math.min(Math.max(delayS, 0), MAX_DELAY_S) * 1000;
}
