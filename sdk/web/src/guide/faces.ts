/** The browser's own face finder, where there is one. It works without a network. */

import { ovalOf, type Hint } from "./hint.js";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface FaceDetectorLike {
  detect(source: CanvasImageSource): Promise<{ boundingBox: Box }[]>;
}

declare global {
  var FaceDetector: (new (options?: { fastMode?: boolean; maxDetectedFaces?: number }) => FaceDetectorLike) | undefined;
}

/** Height of a face as a share of the oval's height; a finder's box ends at brow and chin. */
const FAR = 0.4;
const CLOSE = 1.05;
/** How far a face may be from the middle, in the oval's radii. */
const OFF = 0.45;

export function faceFinder(): FaceDetectorLike | null {
  try {
    return globalThis.FaceDetector ? new globalThis.FaceDetector({ fastMode: true, maxDetectedFaces: 2 }) : null;
  } catch {
    return null;
  }
}

/** What the faces in a picture of a size say. */
export function faceHint(faces: readonly Box[], width: number, height: number): Hint {
  const [face, other] = faces;
  if (!face) return "no_face";
  if (other) return "several_faces";
  const oval = ovalOf(width, height);
  const [dx, dy] = [face.x + face.width / 2 - oval.x, face.y + face.height / 2 - oval.y];
  const share = face.height / (2 * oval.ry);
  if (share < FAR) return "too_far";
  if (share > CLOSE) return "too_close";
  return Math.abs(dx) > OFF * oval.rx || Math.abs(dy) > OFF * oval.ry ? "off_centre" : "good";
}
