/** A recording by `MediaRecorder`. */

import type { Problem } from "./problems.js";

/** What browsers write, the best known first; the server tells formats by their bytes. */
const TYPES = ["video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];
const BITS = { videoBitsPerSecond: 2_500_000, audioBitsPerSecond: 96_000 };

/** A type this browser records; throws where it records none. */
export function recordedType(): string {
  if (typeof MediaRecorder === "undefined") throw { code: "recorder_unsupported" } satisfies Problem;
  const type = TYPES.find((candidate) => MediaRecorder.isTypeSupported(candidate));
  if (!type) throw { code: "recorder_unsupported" } satisfies Problem;
  return type;
}

export class Recording {
  #recorder: MediaRecorder;
  #parts: Blob[] = [];
  #startedAt = performance.now();

  /** Starts at once. */
  constructor(stream: MediaStream) {
    this.#recorder = new MediaRecorder(stream, { mimeType: recordedType(), ...BITS });
    this.#recorder.ondataavailable = ({ data }) => void (data.size > 0 && this.#parts.push(data));
    this.#recorder.start();
  }

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  /** The whole video. */
  stop(): Promise<Blob> {
    return new Promise((resolve, reject) => {
      this.#recorder.onerror = () => reject({ code: "camera_lost" } satisfies Problem);
      const finish = () => resolve(new Blob(this.#parts, { type: this.#recorder.mimeType }));
      // A recorder whose tracks ended has stopped already.
      if (this.#recorder.state === "inactive") return finish();
      this.#recorder.onstop = finish;
      this.#recorder.stop();
    });
  }

  /** Stops without a video. */
  discard(): void {
    this.#recorder.ondataavailable = null;
    if (this.#recorder.state !== "inactive") this.#recorder.stop();
  }
}

/** Length of a video in seconds; null where the browser cannot tell. Rejects where it is none. */
export async function lengthOf(file: Blob): Promise<number | null> {
  const url = URL.createObjectURL(file);
  const video = document.createElement("video");
  video.preload = "metadata";
  try {
    return await new Promise((resolve, reject) => {
      video.onloadedmetadata = () => resolve(Number.isFinite(video.duration) ? video.duration : null);
      video.onerror = () => reject({ code: "not_a_video" } satisfies Problem);
      video.src = url;
    });
  } finally {
    video.removeAttribute("src");
    URL.revokeObjectURL(url);
  }
}
