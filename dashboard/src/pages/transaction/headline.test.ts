import { expect, test } from "vitest";

import type { Explain, Severity } from "../../api/reasons";
import type { Transaction } from "../../api/types";
import { headlineOf } from "./headline";

const TITLES: Record<string, [string, Severity]> = {
  face_match_failed: ["Face does not match", "critical"],
  voice_match_failed: ["Voice does not match", "critical"],
  lip_reading_failed: ["Lips do not say the phrase", "critical"],
  face_match_missing: ["Face not compared", "warning"],
  liveness_not_judged: ["Liveness: could not be judged", "warning"],
  no_face: ["No face found", "warning"],
  mrz_font_failed: ["MRZ has an unusual font", "warning"],
};
const explain: Explain = (code) => {
  const [title, severity] = TITLES[code] ?? [code, "info"];
  return { code, group: "", severity, title, explanation: "", remedy: null };
};

const transaction = (over: Partial<Transaction>) =>
  ({ verdict: "fail", user_fullname: "bob", decision_reasons: [], services: {}, evidence: {}, ...over }) as Transaction;

const title = (over: Partial<Transaction>) => headlineOf(transaction(over), explain)?.title;

const face = (searchName: string, probability: number) => ({
  "Face Recognition": { instances: [{ search: { searchName, probability } }] },
});

test("a face of somebody else is named, or said to be another user's where names are hidden", () => {
  const evidence = { decided_by: ["face_match_failed"] };
  expect(title({ evidence, services: face("priya", 0.988) })).toBe("Rejected: the face is that of priya, 98.8 %");
  expect(title({ evidence, services: face("", 0.988) })).toBe("Rejected: the face is another user's, 98.8 %");
  expect(title({ evidence, services: face("bob", 0.988) })).toBe("Rejected: face does not match");
  expect(title({ evidence, services: face("priya", 0.4) })).toBe("Rejected: face does not match");
});

test("what the decision rests on comes before what was only reported", () => {
  const decision_reasons = ["lip_reading_failed", "voice_match_failed"];
  expect(title({ evidence: { decided_by: ["voice_match_failed"] }, decision_reasons })).toBe(
    "Rejected: voice does not match",
  );
  expect(title({ evidence: null, decision_reasons })).toBe("Rejected: lips do not say the phrase");
});

test("a missing consent is said to be one, and so is a service that was not selected", () => {
  const of = (selected: string[]) =>
    title({ verdict: "refer", evidence: { decided_by: ["face_match_missing"], selected } });
  expect(of(["face_recognition"])).toBe("Needs review: face not compared, the user gave no biometric consent");
  expect(of([])).toBe("Needs review: face not compared, the API key does not select it");
});

test("why a service could not judge is its own word", () => {
  const found = { face_liveness: { could_not_judge: { error: "no_face" } } };
  expect(title({ evidence: { decided_by: ["liveness_not_judged"], found } })).toBe("Rejected: no face found");
  expect(title({ evidence: { decided_by: ["mrz_font_failed"] } })).toBe("Rejected: MRZ has an unusual font");
});

test("nothing was decided, or all was well", () => {
  expect(title({ verdict: null })).toBe(undefined);
  expect(title({ verdict: "pass", decision_reasons: ["face_match_passed"] })).toBe("Passed");
});
