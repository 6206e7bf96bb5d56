import { expect, test } from "vitest";

import type { LinkKind } from "../../api/fraud";
import { draw } from "./layout";

const node = (key: string, kind: LinkKind, is_start = false) => ({
  key,
  kind,
  is_start,
  label: key,
  transaction_id: "",
  blocked: false,
});

test("users stand left of what connects them, the call's own first, and no two at one place", () => {
  const nodes = [node("eve", "user"), node("ada", "user", true), node("d", "device"), node("f", "face", true)];
  const edges = [
    { from: "ada", to: "f", calls: 2 },
    { from: "gone", to: "f", calls: 1 },
  ];
  const drawing = draw({ nodes, edges, complete: true });
  expect(drawing.nodes.map(({ key }) => key)).toEqual(["ada", "eve", "f", "d"]);
  expect(drawing.edges.map(({ from, to }) => [from.key, to.key])).toEqual([["ada", "f"]]);
  const places = new Set(drawing.nodes.map(({ x, y }) => `${x} ${y}`));
  expect(places.size).toBe(4);
  expect(drawing.nodes.every(({ y }) => y < drawing.height)).toBe(true);
});
