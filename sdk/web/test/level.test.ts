import { expect, test } from "vitest";

import { amplitudeOf, barOf, loudnessOf } from "../src/level.js";

const tone = (peak: number) => Float32Array.from({ length: 480 }, (_, at) => peak * Math.sin((at * Math.PI) / 24));

test("the meter follows the sound", () => {
  expect(amplitudeOf(tone(0.5))).toBeCloseTo(0.354, 2);
  expect(barOf(1)).toBe(100);
  expect(barOf(0.1)).toBe(67);
  expect(barOf(0)).toBe(0);
  expect([0, 0.01, 0.1, 0.6].map(loudnessOf)).toEqual(["none", "low", "good", "high"]);
});
