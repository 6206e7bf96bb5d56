import { expect, test } from "vitest";

import { faceHint } from "../src/guide/faces.js";
import { Steady } from "../src/guide/guide.js";
import { ovalOf } from "../src/guide/hint.js";
import { HEIGHT, lightHint, lightOf, lumaOf, Motion, WIDTH } from "../src/guide/picture.js";

/** A picture by a function of column and row. */
const picture = (luma: (x: number, y: number) => number) =>
  Float32Array.from({ length: WIDTH * HEIGHT }, (_, cell) => luma(cell % WIDTH, Math.floor(cell / WIDTH)));
const room = picture((x, y) => 110 + ((x * 7 + y * 13) % 40));

test("the oval fits upright and wide pictures", () => {
  const { x, y, rx, ry } = ovalOf(640, 480);
  expect([x, y, Math.round(rx), Math.round(ry)]).toEqual([320, 240, 140, 187]);
  const tall = ovalOf(480, 1000);
  expect(2 * tall.rx).toBeCloseTo(0.8 * 480);
});

test("luma weighs the colours and leaves out transparency", () => {
  expect([...lumaOf(Uint8ClampedArray.of(255, 0, 0, 255, 255, 255, 255, 0))].map(Math.round)).toEqual([76, 255]);
});

test("light is judged in the oval, and an empty picture is no dark one", () => {
  expect(lightHint(lightOf(room))).toBeNull();
  expect(lightHint(lightOf(picture(() => 3)))).toBe("covered");
  expect(lightHint(lightOf(picture((x) => (x < 6 || x > 57 ? 255 : 30))))).toBe("too_dark");
  expect(lightHint(lightOf(picture((x) => (x < 6 || x > 57 ? 0 : 240))))).toBe("too_bright");
});

/** The hint after somebody of a size moved about a place. */
function moved(atX: number, atY: number, rx: number, ry: number) {
  const motion = new Motion();
  for (let turn = 0; turn < 12; turn += 1) {
    const shift = turn % 2 === 0 ? 1.5 : -1.5;
    motion.add(
      picture((x, y) => {
        const inside = ((x - atX - shift) / rx) ** 2 + ((y - atY) / ry) ** 2 <= 1;
        return inside ? 180 : (room[y * WIDTH + x] ?? 0);
      }),
    );
  }
  return motion.hint();
}

test("movement tells who sits beside the oval, and no more", () => {
  expect(moved(32, 24, 10, 16)).toBe("unchecked");
  expect(moved(10, 24, 8, 14)).toBe("off_centre");
  expect(moved(32, 24, 3, 3.5)).toBe("unchecked");
});

test("of somebody still nothing is said", () => {
  const motion = new Motion();
  expect(motion.hint()).toBe("unchecked");
  for (let turn = 0; turn < 12; turn += 1) motion.add(room);
  expect(motion.hint()).toBe("unchecked");
});

test("a found face is judged by size and place", () => {
  const face = (x: number, y: number, height: number) => ({
    x: x - height / 2,
    y: y - height / 2,
    width: height,
    height,
  });
  expect(faceHint([], 640, 480)).toBe("no_face");
  expect(faceHint([face(320, 240, 250)], 640, 480)).toBe("good");
  expect(faceHint([face(320, 240, 100)], 640, 480)).toBe("too_far");
  expect(faceHint([face(320, 240, 420)], 640, 480)).toBe("too_close");
  expect(faceHint([face(420, 240, 250)], 640, 480)).toBe("off_centre");
  expect(faceHint([face(220, 240, 250), face(450, 240, 250)], 640, 480)).toBe("several_faces");
});

test("a hint is shown once it lasts, and once", () => {
  const steady = new Steady();
  const shown = (["good", "good", "good", "too_dark", "good", "good", "good", "good", "good"] as const).map((hint) =>
    steady.add(hint),
  );
  expect(shown).toEqual([false, false, false, false, false, false, false, true, false]);
});
