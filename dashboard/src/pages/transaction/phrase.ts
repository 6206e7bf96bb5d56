/** A phrase that was asked for against one that was heard, word by word. */

import { diffArrays } from "diff";

export interface Aligned {
  text: string;
  /** In both, asked for and not heard, or heard and not asked for. */
  kind: "same" | "missing" | "extra";
}

/** As the server compares: without case, punctuation and marks. */
const plain = (word: string) => word.toLowerCase().replaceAll(/[^\p{L}\p{N}']/gu, "");
const wordsOf = (phrase: string) => phrase.split(/\s+/).filter((word) => plain(word) !== "");

export function alignWords(asked: string, heard: string): Aligned[] {
  const parts = diffArrays(wordsOf(asked), wordsOf(heard), { comparator: (a, b) => plain(a) === plain(b) });
  return parts.flatMap(({ value, added, removed }) =>
    value.map((text) => ({
      text,
      kind: added ? ("extra" as const) : removed ? ("missing" as const) : ("same" as const),
    })),
  );
}
