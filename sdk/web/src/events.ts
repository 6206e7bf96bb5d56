import type { Answer, Capture, StateName } from "./machine.js";
import type { Problem } from "./problems.js";

/** The events of the element. */
export interface ScannerEvents {
  /** The person accepted a recording. `preventDefault()` keeps the component from uploading it. */
  capture: CustomEvent<Capture>;
  /** The server answered the upload with a status of 200 to 299. */
  uploaded: CustomEvent<Answer & { capture: Capture }>;
  /** Something went wrong; `message` is the sentence the person reads. Does not bubble. */
  error: CustomEvent<Problem & { message: string }>;
  /** Share of the upload's bytes that were sent, 0 to 1. */
  progress: CustomEvent<{ share: number }>;
  /** The person records again: the moment for another phrase. `preventDefault()` keeps the recording. */
  retake: CustomEvent<Record<string, never>>;
  statechange: CustomEvent<{ state: StateName; previous: StateName }>;
}
