/** What the guide says, and the oval it measures by. */

export type Hint =
  | "waiting"
  | "unchecked"
  | "good"
  | "too_dark"
  | "too_bright"
  | "covered"
  | "off_centre"
  | "too_far"
  | "too_close"
  | "no_face"
  | "several_faces";

export interface Oval {
  x: number;
  y: number;
  rx: number;
  ry: number;
}

/** Height of the oval as a share of the picture's, and its width as a share of its height. */
const HEIGHT = 0.78;
const ASPECT = 0.75;
const MAX_WIDTH = 0.8;

/** The oval in a picture of a size, in the middle. */
export function ovalOf(width: number, height: number): Oval {
  const ry = Math.min(HEIGHT * height, (MAX_WIDTH * width) / ASPECT) / 2;
  return { x: width / 2, y: height / 2, rx: ry * ASPECT, ry };
}
