import { expect, test } from "vitest";

import { de } from "../src/texts/de.js";
import { en } from "../src/texts/en.js";
import { es } from "../src/texts/es.js";
import { languageOf, translator } from "../src/texts/texts.js";

const holes = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

test.each([
  ["es", es],
  ["de", de],
] as const)("%s says everything, with the same values", (_, texts) => {
  expect(Object.keys(texts)).toEqual(Object.keys(en));
  for (const key of Object.keys(en) as (keyof typeof en)[]) {
    expect(texts[key].trim(), key).not.toBe("");
    expect(holes(texts[key]), key).toEqual(holes(en[key]));
  }
});

test("the first language there is", () => {
  expect(languageOf(["", "fr-FR", "de-AT", "en"])).toBe("de");
  expect(languageOf(["ES"])).toBe("es");
  expect(languageOf(["fr"])).toBe("en");
});

test("a page's own text comes before the component's", () => {
  const text = translator("de", { stop: "Fertig", seconds_left: "{seconds}, {unknown}" });
  expect([text("stop"), text("record"), text("seconds_left", { seconds: 3 })]).toEqual([
    "Fertig",
    "Aufnehmen",
    "3, {unknown}",
  ]);
});
