/** When each word of the phrase is due. */

/** Seconds before the first word and after the last. */
const LEAD = 0.5;
const TAIL = 1;
const WITHOUT_PHRASE = 5;

export interface Pace {
  words: string[];
  /** How long to record. */
  seconds: number;
  /** Seconds for one word. */
  perWord: number;
}

/** Paces a phrase; with `limit` the words share that many seconds. */
export function paceOf(phrase: string, perWord: number, limit: number | null): Pace {
  const words = phrase.split(/\s+/).filter((word) => word !== "");
  if (words.length === 0) return { words, seconds: limit ?? WITHOUT_PHRASE, perWord };
  if (limit === null) return { words, seconds: LEAD + words.length * perWord + TAIL, perWord };
  return { words, seconds: limit, perWord: Math.max(0.1, (limit - LEAD - TAIL) / words.length) };
}

/** The word that is due after so many seconds; -1 before the first. */
export function wordAt(pace: Pace, elapsed: number): number {
  if (elapsed < LEAD) return -1;
  return Math.min(pace.words.length - 1, Math.floor((elapsed - LEAD) / pace.perWord));
}
