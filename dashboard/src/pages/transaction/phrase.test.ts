import { expect, test } from "vitest";

import { alignWords } from "./phrase";

const shown = (asked: string, heard: string) =>
  alignWords(asked, heard)
    .map(({ text, kind }) => ({ same: text, missing: `-${text}`, extra: `+${text}` })[kind])
    .join(" ");

test("words are aligned without case and punctuation", () => {
  expect(shown("one two three", "One, two three.")).toBe("One, two three.");
  expect(shown("one two three four", "one three five four")).toBe("one -two three +five four");
  expect(shown("one two", "")).toBe("-one -two");
  expect(shown("Ñandú – über", "ñandú über")).toBe("ñandú über");
});
