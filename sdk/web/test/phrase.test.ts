import { expect, test } from "vitest";

import { paceOf, wordAt } from "../src/phrase.js";

test("each word has its turn, and the recording goes on a moment after the last", () => {
  const pace = paceOf("  one two\nthree ", 0.8, null);
  expect(pace.words).toEqual(["one", "two", "three"]);
  expect(pace.seconds).toBeCloseTo(3.9);
  const seen = Array.from({ length: 40 }, (_, tenth) => wordAt(pace, tenth / 10));
  expect(seen[0]).toBe(-1);
  expect([...new Set(seen)]).toEqual([-1, 0, 1, 2]);
});

test("a limit is shared by the words", () => {
  const pace = paceOf("one two three four", 0.8, 10);
  expect(pace.seconds).toBe(10);
  expect(wordAt(pace, 8.9)).toBe(3);
  expect(wordAt(pace, 6)).toBe(2);
});

test("without a phrase there are seconds and no words", () => {
  expect(paceOf("", 0.8, null)).toEqual({ words: [], seconds: 5, perWord: 0.8 });
});
