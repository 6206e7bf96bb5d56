import { expect, test } from "vitest";

import { namedFunction, optionsOf } from "../src/options.js";

const element = (attributes: Record<string, string>) =>
  ({
    getAttribute: (name: string) => attributes[name] ?? null,
    hasAttribute: (name: string) => name in attributes,
  }) as unknown as Element;

test("without attributes there are defaults", () => {
  expect(optionsOf(element({}))).toEqual({
    phrase: "",
    pace: 0.8,
    maxSeconds: null,
    minSeconds: 2,
    countdown: 3,
    maxBytes: 50_000_000,
    facing: "user",
    file: true,
    uploadUrl: null,
    uploadToken: null,
    videoField: "video",
    phraseField: "phrase",
    retries: 3,
    withCredentials: false,
  });
});

test("what is no number counts as absent", () => {
  const options = optionsOf(
    element({ countdown: "soon", retries: "-1", "max-seconds": "0", pace: "NaN", "no-file": "" }),
  );
  expect(options).toMatchObject({ countdown: 3, retries: 3, maxSeconds: null, pace: 0.8, file: false });
  expect(optionsOf(element({ countdown: "0", retries: "0" }))).toMatchObject({ countdown: 0, retries: 0 });
});

test("a handler is found by its name, and nothing is evaluated", () => {
  const handle = () => {};
  Object.assign(globalThis, { app: { handle, text: "x" } });
  expect(namedFunction("app.handle")).toBe(handle);
  expect(["", "app", "app.text", "app.none.more", "app.handle()", "alert(1)"].map(namedFunction)).toEqual(
    Array.from({ length: 6 }, () => null),
  );
});
