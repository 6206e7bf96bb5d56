/** Where the nodes of a graph of links are drawn: users on the left, what connects them on the right. */

import type { LinkKind, LinkNode, Links } from "../../api/fraud";

export const WIDTH = 760;
export const ROW = 34;
const LEFT = 280;
const RIGHT = 480;
const TOP = 24;

export interface Placed extends LinkNode {
  x: number;
  y: number;
}

export interface Drawing {
  nodes: Placed[];
  edges: { from: Placed; to: Placed; calls: number }[];
  height: number;
}

const ORDER: LinkKind[] = ["device", "address", "document", "face"];

/** The call's own come first, then by kind, then in the order of the server. */
const rank = ({ is_start, kind }: LinkNode) => (is_start ? 0 : 10) + ORDER.indexOf(kind);

export function draw({ nodes, edges }: Links): Drawing {
  const users = nodes.filter(({ kind }) => kind === "user").toSorted((a, b) => rank(a) - rank(b));
  const values = nodes.filter(({ kind }) => kind !== "user").toSorted((a, b) => rank(a) - rank(b));
  const place = (column: LinkNode[], x: number) =>
    column.map((node, index): Placed => ({ ...node, x, y: TOP + index * ROW }));
  const placed = [...place(users, LEFT), ...place(values, RIGHT)];
  const by = new Map(placed.map((node) => [node.key, node]));
  return {
    nodes: placed,
    edges: edges.flatMap(({ from, to, calls }) => {
      const [a, b] = [by.get(from), by.get(to)];
      return a && b ? [{ from: a, to: b, calls }] : [];
    }),
    height: TOP * 2 + (Math.max(users.length, values.length, 1) - 1) * ROW,
  };
}
