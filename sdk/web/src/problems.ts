/** What may go wrong. The codes are part of the public interface: pages compare them. */

export type ProblemCode =
  // The camera.
  | "no_camera"
  | "camera_denied"
  | "camera_busy"
  | "camera_lost"
  | "insecure_page"
  | "recorder_unsupported"
  // The recording.
  | "too_short"
  | "interrupted"
  // A chosen file.
  | "not_a_video"
  | "too_large"
  // The upload.
  | "offline"
  | "server_busy"
  | "not_authorized"
  | "rejected";

export interface Problem {
  code: ProblemCode;
  /** What the sentence of the problem names. */
  values?: Record<string, string | number>;
  /** What the server said, where it said something. */
  detail?: string;
  /** Status of the upload's response. */
  status?: number;
  /** Body of the upload's response: JSON where it is, otherwise text. */
  body?: unknown;
}

/** The problem behind an exception of `getUserMedia` or `MediaRecorder`. */
export function problemOf(error: unknown): Problem {
  if (isProblem(error)) return error;
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return { code: "camera_denied" };
    case "NotFoundError":
    case "OverconstrainedError":
      return { code: "no_camera" };
    case "NotSupportedError":
      return { code: "recorder_unsupported" };
    default:
      return { code: "camera_busy" };
  }
}

function isProblem(error: unknown): error is Problem {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string";
}
