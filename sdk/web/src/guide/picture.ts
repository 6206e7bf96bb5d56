/**
 * What can be said of a picture without finding a face: its light, and where it moves. People move, walls do not, whatever
 * the colour of a skin or the camera's white balance. It cannot tell that a face is there, how many there are, how
 * far away somebody is or where they look.
 */

import { ovalOf, type Hint } from "./hint.js";

/** Cells that are compared; small enough to smooth a sensor's noise. */
export const WIDTH = 64;
export const HEIGHT = 48;

/** Mean luma (0 to 255) inside the oval. */
const DARK = 50;
const BRIGHT = 220;
/** Standard deviation of luma below which there is nothing in the picture. */
const FLAT = 6;
/** Change of luma above which a cell has moved, and how much of the past counts on. */
const MOVED = 12;
const DECAY = 0.85;
/** Movement (cells, weighted) below which nothing is said about the place. */
const ENOUGH = 40;
/** How far the middle of the movement may be from the middle of the picture, in the oval's radii. */
const OFF = 0.8;

export interface Light {
  /** Mean luma in the oval. */
  mean: number;
  /** Standard deviation of luma in the whole picture. */
  deviation: number;
}

/** The luma of each cell, of RGBA pixels. */
export function lumaOf(pixels: Uint8ClampedArray): Float32Array {
  const luma = new Float32Array(pixels.length / 4);
  for (let cell = 0; cell < luma.length; cell += 1) {
    const at = cell * 4;
    luma[cell] = 0.299 * (pixels[at] ?? 0) + 0.587 * (pixels[at + 1] ?? 0) + 0.114 * (pixels[at + 2] ?? 0);
  }
  return luma;
}

export function lightOf(luma: Float32Array): Light {
  const oval = ovalOf(WIDTH, HEIGHT);
  let [inside, count, sum, squares] = [0, 0, 0, 0];
  luma.forEach((value, cell) => {
    const dx = ((cell % WIDTH) + 0.5 - oval.x) / oval.rx;
    const dy = (Math.floor(cell / WIDTH) + 0.5 - oval.y) / oval.ry;
    if (dx * dx + dy * dy <= 1) {
      inside += value;
      count += 1;
    }
    sum += value;
    squares += value * value;
  });
  const mean = sum / luma.length;
  return { mean: inside / count, deviation: Math.sqrt(Math.max(0, squares / luma.length - mean * mean)) };
}

/** What is wrong with the light, if anything. */
export function lightHint({ mean, deviation }: Light): Hint | null {
  if (mean > BRIGHT) return "too_bright";
  if (deviation < FLAT) return "covered";
  return mean < DARK ? "too_dark" : null;
}

/** Where the picture has moved in the last second or two. */
export class Motion {
  #before: Float32Array | null = null;
  #energy = new Float32Array(WIDTH * HEIGHT);

  add(luma: Float32Array): void {
    const before = this.#before;
    this.#before = luma;
    if (!before) return;
    this.#energy.forEach((energy, cell) => {
      const change = Math.abs((luma[cell] ?? 0) - (before[cell] ?? 0));
      this.#energy[cell] = energy * DECAY + (change > MOVED ? 1 : 0);
    });
  }

  /** What the movement says about the place of a person; `unchecked` where it says nothing. */
  hint(): Hint {
    const oval = ovalOf(WIDTH, HEIGHT);
    let [sum, x, y] = [0, 0, 0];
    this.#energy.forEach((energy, cell) => {
      sum += energy;
      x += energy * ((cell % WIDTH) + 0.5);
      y += energy * (Math.floor(cell / WIDTH) + 0.5);
    });
    if (sum < ENOUGH) return "unchecked";
    const [dx, dy] = [x / sum - oval.x, y / sum - oval.y];
    return Math.abs(dx) > OFF * oval.rx || Math.abs(dy) > OFF * oval.ry ? "off_centre" : "unchecked";
  }
}
