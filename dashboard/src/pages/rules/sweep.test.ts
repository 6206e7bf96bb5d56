import { expect, test } from "vitest";

import type { Rules } from "../../api/types";
import { pointOf, swept, withPass } from "./sweep";

const rules = {
  version: 1,
  services: { face_recognition: { mode: "required", pass: 0.5, refer: 0.4 }, visual_speech: { mode: "advisory" } },
} as Rules;

test("a threshold moves alone, and nothing is referred above it", () => {
  expect(withPass(rules, "face_recognition", 0.9).services["face_recognition"]).toMatchObject({
    pass: 0.9,
    refer: 0.4,
  });
  expect(withPass(rules, "face_recognition", 0.1).services["face_recognition"]).toMatchObject({
    pass: 0.1,
    refer: 0.1,
  });
  expect(rules.services["face_recognition"]?.pass).toBe(0.5);
  expect(swept(rules)).toEqual(["face_recognition"]);
});

test("calls are counted by the verdict they would get", () => {
  const none = { calls: 0, stopped_before: 0, stopped_after: 0 };
  const replay = {
    verdicts: { pass: { pass: 5, refer: 2 }, fail: { fail: 3, pass: 1 } },
    labels: { rejected: { ...none, stopped_after: 4 }, approved: { ...none, stopped_after: 1 } },
  };
  expect(pointOf(0.7, replay)).toEqual({ pass: 0.7, passed: 6, referred: 2, failed: 3, stopped: 4, lost: 1 });
});
