import { describe, expect, test } from "vitest";

import { next, usesCamera, type Capture, type Input, type State } from "../src/machine.js";

const capture: Capture = {
  id: "1",
  video: new Blob(["x"]),
  source: "camera",
  phrase: "one two",
  seconds: 3,
  heard: true,
  guide: null,
};
const answer = { status: 200, body: null, requestId: null };
const problem = { code: "offline" } as const;

const STATES: State[] = [
  { at: "idle" },
  { at: "blocked", problem: { code: "camera_denied" } },
  { at: "opening" },
  { at: "ready" },
  { at: "counting" },
  { at: "recording" },
  { at: "review", capture },
  { at: "sending", capture },
  { at: "unsent", capture, problem },
  { at: "done", capture, answer: null },
];
const INPUTS: Input[] = [
  { type: "open" },
  { type: "opened" },
  { type: "blocked", problem: { code: "no_camera" } },
  { type: "record", countdown: true },
  { type: "record", countdown: false },
  { type: "started" },
  { type: "cancelled" },
  { type: "discarded", problem: { code: "too_short" } },
  { type: "recorded", capture },
  { type: "chosen", capture },
  { type: "retake" },
  { type: "send" },
  { type: "accepted" },
  { type: "sent", answer },
  { type: "unsent", problem },
  { type: "back" },
  { type: "reset" },
];

const run = (inputs: Input[], from: State = { at: "idle" }) => inputs.reduce(next, from);

test("from the first button to the answer", () => {
  const inputs: Input[] = [
    { type: "open" },
    { type: "opened" },
    { type: "record", countdown: true },
    { type: "started" },
    { type: "recorded", capture },
    { type: "send" },
    { type: "sent", answer },
  ];
  expect(run(inputs)).toEqual({ at: "done", capture, answer });
});

test("every state leads on from these inputs alone", () => {
  const table = Object.fromEntries(
    STATES.map((state) => [
      state.at,
      INPUTS.filter((input) => next(state, input) !== state).map((input) => `${input.type} > ${next(state, input).at}`),
    ]),
  );
  expect(table).toEqual({
    idle: ["open > opening", "blocked > blocked", "chosen > review", "reset > idle"],
    blocked: ["open > opening", "blocked > blocked", "chosen > review", "reset > idle"],
    opening: ["opened > ready", "blocked > blocked", "chosen > review", "reset > idle"],
    ready: [
      "open > opening",
      "blocked > blocked",
      "record > counting",
      "record > recording",
      "discarded > ready",
      "chosen > review",
      "reset > idle",
    ],
    counting: ["blocked > blocked", "started > recording", "cancelled > ready", "discarded > ready", "reset > idle"],
    recording: ["blocked > blocked", "cancelled > ready", "discarded > ready", "recorded > review", "reset > idle"],
    review: ["retake > opening", "send > sending", "accepted > done", "reset > idle"],
    sending: ["sent > done", "unsent > unsent", "back > review", "reset > idle"],
    unsent: ["retake > opening", "send > sending", "reset > idle"],
    done: ["retake > opening", "reset > idle"],
  });
});

describe("the camera is open", () => {
  test("while somebody can see themselves, and no longer", () => {
    expect(STATES.filter(usesCamera).map(({ at }) => at)).toEqual(["ready", "counting", "recording"]);
  });
});

test("what was recorded survives a failed upload", () => {
  expect(run([{ type: "send" }, { type: "unsent", problem }, { type: "send" }], { at: "review", capture })).toEqual({
    at: "sending",
    capture,
  });
});
