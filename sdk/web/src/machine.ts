/** The states of a capture and what leads from one to the next. Pure: cameras, timers and pages are elsewhere. */

import type { Problem } from "./problems.js";

/** What a person recorded or chose. */
export interface Capture {
  /** Random; all attempts to send the capture carry it as `Idempotency-Key`. */
  id: string;
  video: Blob;
  source: "camera" | "file";
  /** What the person was asked to say; empty where nothing was asked. */
  phrase: string;
  /** Length of the recording; null where the browser cannot tell it of a file. */
  seconds: number | null;
  /** Whether the microphone heard anything; null of a file. */
  heard: boolean | null;
  /** What the face guide saw last; null of a file. */
  guide: { finder: "face-detector" | "picture"; hint: string } | null;
}

export interface Answer {
  status: number;
  /** JSON where it is, otherwise text. */
  body: unknown;
  /** `X-Request-Id` of the response, where the page may read it. */
  requestId: string | null;
}

export type State =
  | { at: "idle" }
  | { at: "blocked"; problem: Problem }
  | { at: "opening" }
  | { at: "ready"; problem?: Problem }
  | { at: "counting" }
  | { at: "recording" }
  | { at: "review"; capture: Capture }
  | { at: "sending"; capture: Capture }
  | { at: "unsent"; capture: Capture; problem: Problem }
  | { at: "done"; capture: Capture; answer: Answer | null };

export type StateName = State["at"];

export type Input =
  | { type: "open" }
  | { type: "opened" }
  | { type: "blocked"; problem: Problem }
  | { type: "record"; countdown: boolean }
  | { type: "started" }
  | { type: "cancelled" }
  | { type: "discarded"; problem: Problem }
  | { type: "recorded"; capture: Capture }
  | { type: "chosen"; capture: Capture }
  | { type: "retake" }
  | { type: "send" }
  | { type: "accepted" }
  | { type: "sent"; answer: Answer }
  | { type: "unsent"; problem: Problem }
  | { type: "back" }
  | { type: "reset" };

/** The next state. An input that means nothing in a state changes nothing: it came too late. */
export function next(state: State, input: Input): State {
  if (input.type === "reset") return { at: "idle" };
  switch (state.at) {
    case "idle":
    case "blocked":
      if (input.type === "open") return { at: "opening" };
      return input.type === "blocked" ? { at: "blocked", problem: input.problem } : chosen(state, input);
    case "opening":
      if (input.type === "opened") return { at: "ready" };
      return input.type === "blocked" ? blocked(state, input) : chosen(state, input);
    case "ready":
      if (input.type === "record") return { at: input.countdown ? "counting" : "recording" };
      // Another camera, or a file that cannot be used.
      if (input.type === "open") return { at: "opening" };
      if (input.type === "discarded") return { at: "ready", problem: input.problem };
      return input.type === "blocked" ? blocked(state, input) : chosen(state, input);
    case "counting":
      if (input.type === "started") return { at: "recording" };
      return stopped(state, input);
    case "recording":
      if (input.type === "recorded") return { at: "review", capture: input.capture };
      return stopped(state, input);
    case "review":
      if (input.type === "send") return { at: "sending", capture: state.capture };
      if (input.type === "accepted") return { at: "done", capture: state.capture, answer: null };
      return retaken(state, input);
    case "sending":
      if (input.type === "sent") return { at: "done", capture: state.capture, answer: input.answer };
      if (input.type === "unsent") return { at: "unsent", capture: state.capture, problem: input.problem };
      return input.type === "back" ? { at: "review", capture: state.capture } : state;
    case "unsent":
      if (input.type === "send") return { at: "sending", capture: state.capture };
      return retaken(state, input);
    case "done":
      return retaken(state, input);
  }
}

function chosen(state: State, input: Input): State {
  return input.type === "chosen" ? { at: "review", capture: input.capture } : state;
}

function blocked(state: State, input: Input): State {
  return input.type === "blocked" ? { at: "blocked", problem: input.problem } : state;
}

/** Out of a countdown or a recording, without a result. */
function stopped(state: State, input: Input): State {
  if (input.type === "cancelled") return { at: "ready" };
  if (input.type === "discarded") return { at: "ready", problem: input.problem };
  return blocked(state, input);
}

/** A new recording opens the camera anew. */
function retaken(state: State, input: Input): State {
  return input.type === "retake" ? { at: "opening" } : state;
}

/** The states in which the camera is open. */
export const usesCamera = ({ at }: State) => at === "ready" || at === "counting" || at === "recording";
