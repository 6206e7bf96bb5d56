import { expect, test } from "vitest";

import { moments } from "./frames";

test("moments are spread over the film and never at its very ends", () => {
  expect(moments(6, 3)).toEqual([1, 3, 5]);
  for (const duration of [0.04, 2.5, 60]) {
    const found = moments(duration, 6);
    expect(found).toHaveLength(6);
    expect(found.every((at, index) => at > (found[index - 1] ?? 0) && at < duration)).toBe(true);
  }
});
