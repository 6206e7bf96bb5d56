/** The kinds of links as people read them. */

import type { BlockedKind, LinkKind } from "../../api/fraud";

export const KIND: Record<LinkKind, { one: string; many: string }> = {
  user: { one: "User", many: "Users" },
  device: { one: "Device", many: "Devices" },
  address: { one: "IP address", many: "IP addresses" },
  country: { one: "Country", many: "Countries" },
  document: { one: "Document", many: "Documents" },
  face: { one: "Face", many: "Faces" },
};

export const BLOCKABLE: BlockedKind[] = ["device", "address", "document", "face"];

export const isBlockable = (kind: LinkKind): kind is BlockedKind => BLOCKABLE.some((one) => one === kind);

/** What is shown of a value; a face by whose it is, and nothing where the role may not see it. */
export function labelOf(kind: LinkKind, label: string): string {
  if (label === "") return kind === "face" || kind === "user" ? "Another user" : "Hidden";
  return kind === "face" ? `Face of ${label}` : label;
}
