/** What a page says by attributes. */

export const ATTRIBUTES = ["phrase", "lang", "texts", "pace", "max-seconds", "no-file", "required"] as const;

export interface Options {
  phrase: string;
  /** Seconds for one word of the phrase. */
  pace: number;
  maxSeconds: number | null;
  minSeconds: number;
  countdown: number;
  maxBytes: number;
  facing: "user" | "environment";
  file: boolean;
  uploadUrl: string | null;
  uploadToken: string | null;
  videoField: string;
  phraseField: string;
  retries: number;
  withCredentials: boolean;
}

export function optionsOf(element: Element): Options {
  const text = (name: string) => element.getAttribute(name);
  const number = (name: string, least: number) => {
    const value = Number(text(name) ?? Number.NaN);
    return Number.isFinite(value) && value >= least ? value : null;
  };
  return {
    phrase: (text("phrase") ?? "").trim(),
    pace: number("pace", 0.1) ?? 0.8,
    maxSeconds: number("max-seconds", 1),
    minSeconds: number("min-seconds", 0) ?? 2,
    countdown: Math.floor(number("countdown", 0) ?? 3),
    maxBytes: (number("max-megabytes", 1) ?? 50) * 1_000_000,
    facing: text("facing") === "environment" ? "environment" : "user",
    file: !element.hasAttribute("no-file"),
    uploadUrl: text("upload-url") || null,
    uploadToken: text("upload-token") || null,
    videoField: text("video-field") || "video",
    phraseField: text("phrase-field") ?? "phrase",
    retries: Math.floor(number("retries", 0) ?? 3),
    withCredentials: element.hasAttribute("with-credentials"),
  };
}

/** A function of the page by its name, `app.onCapture`. Nothing is evaluated, so any policy allows it. */
export function namedFunction(path: string): ((event: Event) => unknown) | null {
  let found: unknown = globalThis;
  for (const name of path.split(".")) {
    if (found === null || (typeof found !== "object" && typeof found !== "function")) return null;
    found = (found as Record<string, unknown>)[name.trim()];
  }
  return typeof found === "function" ? (found as (event: Event) => unknown) : null;
}
