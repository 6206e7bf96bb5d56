/** Receipts of an erasure, checked in this browser with the server's published keys. */

import type { PublicKey } from "../api/subjects";
import type { Receipt } from "../api/types";

export type Genuine = { genuine: true; kid: string } | { genuine: false; why: string };

/** A browser that cannot check such signatures, or a page that was not loaded over a secure connection. */
export class CannotCheck extends Error {
  constructor() {
    super("This browser cannot check Ed25519 signatures.");
  }
}

/** Whether one of `keys` signed this receipt, as an erasure's, and with these very words. Rejects with `CannotCheck`. */
export function check({ signature, ...words }: Receipt, keys: PublicKey[]): Promise<Genuine> {
  return checkWords(signature, "erasure-receipt+jwt", words, keys);
}

/** The same of a receipt of the kind `typ`, whose signature covers `words`. */
export async function checkWords(jws: string, typ: string, words: object, keys: PublicKey[]): Promise<Genuine> {
  const [head = "", body = "", signature = "", ...more] = jws.split(".");
  const header = json(head) as { typ?: string; alg?: string; kid?: string } | null;
  if (!header || !signature || more.length > 0) return no("the signature is damaged");
  if (header.alg !== "EdDSA" || header.typ !== typ) return no("the signature is of something else");
  const published = keys.find(({ kid, kty, crv }) => kid === header.kid && kty === "OKP" && crv === "Ed25519");
  if (!published) return no("this server has not published the key it was signed with");
  if (!(await signed(published, `${head}.${body}`, signature))) return no("the signature does not fit");
  if (canonical(json(body)) !== canonical(words)) return no("the receipt says something else than what was signed");
  return { genuine: true, kid: published.kid };
}

const no = (why: string): Genuine => ({ genuine: false, why });

async function signed({ kty, crv, x }: PublicKey, text: string, signature: string): Promise<boolean> {
  if (!globalThis.crypto?.subtle) throw new CannotCheck();
  const key = await crypto.subtle
    .importKey("jwk", { kty, crv, x }, { name: "Ed25519" }, false, ["verify"])
    .catch(() => {
      throw new CannotCheck();
    });
  const bytes = fromBase64(signature);
  return bytes !== null && crypto.subtle.verify("Ed25519", key, bytes, new TextEncoder().encode(text));
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) =>
      character.charCodeAt(0),
    );
  } catch {
    return null;
  }
}

function json(part: string): unknown {
  const bytes = fromBase64(part);
  try {
    return bytes && JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}

/** The same text for the same JSON, in whatever order its fields stand. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** What a file holds, where it has the shape of a receipt. */
export function asReceipt(text: string): Receipt | null {
  try {
    const found = JSON.parse(text) as Partial<Receipt> | null;
    const whole =
      typeof found?.signature === "string" && typeof found.receipt_id === "string" && Array.isArray(found.destroyed);
    return whole ? (found as Receipt) : null;
  } catch {
    return null;
  }
}
