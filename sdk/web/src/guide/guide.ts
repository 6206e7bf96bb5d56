/** Watches the preview and says what to change, at most as often as somebody can follow. */

import { faceFinder, faceHint, type Box } from "./faces.js";
import type { Hint } from "./hint.js";
import { HEIGHT, lightHint, lightOf, lumaOf, Motion, WIDTH } from "./picture.js";

const INTERVAL_MS = 200;
/** A hint is shown when this many pictures in a row gave it. */
const STEADY = 4;

/** Lets a hint through once it was the same for some pictures. */
export class Steady {
  #last: Hint = "waiting";
  #times = 0;
  shown: Hint = "waiting";

  /** Whether the shown hint changed. */
  add(hint: Hint): boolean {
    this.#times = hint === this.#last ? this.#times + 1 : 1;
    this.#last = hint;
    if (this.#times < STEADY || hint === this.shown) return false;
    this.shown = hint;
    return true;
  }
}

export class Guide {
  #video: HTMLVideoElement;
  #onHint: (hint: Hint) => void;
  #finder = faceFinder();
  #motion = new Motion();
  #steady = new Steady();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;
  #context: CanvasRenderingContext2D | null;

  constructor(video: HTMLVideoElement, onHint: (hint: Hint) => void) {
    this.#video = video;
    this.#onHint = onHint;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [WIDTH, HEIGHT];
    this.#context = canvas.getContext("2d", { willReadFrequently: true });
    // The mean of the pixels of a cell, not one of them.
    if (this.#context) this.#context.imageSmoothingQuality = "high";
    void this.#watch();
  }

  get finder(): "face-detector" | "picture" {
    return this.#finder ? "face-detector" : "picture";
  }

  get hint(): Hint {
    return this.#steady.shown;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  async #watch(): Promise<void> {
    if (this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
      const hint = await this.#look();
      if (this.#stopped) return;
      if (hint && this.#steady.add(hint)) this.#onHint(hint);
    }
    this.#timer = setTimeout(() => void this.#watch(), INTERVAL_MS);
  }

  async #look(): Promise<Hint | null> {
    const context = this.#context;
    if (!context) return null;
    context.drawImage(this.#video, 0, 0, WIDTH, HEIGHT);
    const luma = lumaOf(context.getImageData(0, 0, WIDTH, HEIGHT).data);
    this.#motion.add(luma);
    const light = lightHint(lightOf(luma));
    if (light) return light;
    const faces = await this.#faces();
    return faces ? faceHint(faces, this.#video.videoWidth, this.#video.videoHeight) : this.#motion.hint();
  }

  /** The faces in view; null where this browser finds none at all. Some have the interface without the service behind it. */
  async #faces(): Promise<Box[] | null> {
    if (!this.#finder) return null;
    try {
      return (await this.#finder.detect(this.#video)).map(({ boundingBox }) => boundingBox);
    } catch {
      this.#finder = null;
      return null;
    }
  }
}
