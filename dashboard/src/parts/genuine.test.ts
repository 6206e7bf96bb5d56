import { beforeAll, expect, test } from "vitest";

import type { PublicKey } from "../api/subjects";
import type { Receipt } from "../api/types";
import { asReceipt, check } from "./genuine";

const words = {
  receipt_id: "r1",
  project_id: "p1",
  subject: "sha256:aa:bb",
  erased_at: "2026-01-31T12:00:00.123Z",
  destroyed: [{ service: "ml", kind: "face_template", count: 1 }],
  verified: true,
};
const base64 = (bytes: Uint8Array) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
const part = (value: unknown) => base64(new TextEncoder().encode(JSON.stringify(value)));

let keys: PublicKey[];
let sign: (header: object, claims: object) => Promise<string>;
beforeAll(async () => {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const { x = "" } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  keys = [{ kid: "k1", kty: "OKP", crv: "Ed25519", x }];
  sign = async (header, claims) => {
    const text = `${part(header)}.${part(claims)}`;
    const bytes = await crypto.subtle.sign("Ed25519", pair.privateKey, new TextEncoder().encode(text));
    return `${text}.${base64(new Uint8Array(bytes))}`;
  };
});

const header = { alg: "EdDSA", typ: "erasure-receipt+jwt", kid: "k1" };
const receipt = async (change: Partial<Receipt> = {}, head: object = header): Promise<Receipt> => ({
  ...words,
  signature: await sign(head, words),
  ...change,
});

test("a receipt that says what was signed is genuine, in whatever order it stands", async () => {
  expect(await check(await receipt(), keys)).toEqual({ genuine: true, kid: "k1" });
  const turned = Object.fromEntries(Object.entries(await receipt()).reverse()) as unknown as Receipt;
  expect((await check(turned, keys)).genuine).toBe(true);
});

test("a changed word, another kind of token, another key and a broken signature are rejected", async () => {
  const why = async (found: Receipt, known = keys) => {
    const answer = await check(found, known);
    return answer.genuine ? "genuine" : answer.why;
  };
  expect(await why(await receipt({ subject: "sha256:aa:cc" }))).toMatch(/something else than/);
  expect(await why(await receipt({ destroyed: [] }))).toMatch(/something else than/);
  expect(await why(await receipt({}, { ...header, typ: "api-key+jwt" }))).toMatch(/of something else/);
  expect(await why(await receipt({}, { ...header, alg: "none" }))).toMatch(/of something else/);
  expect(await why(await receipt({}, { ...header, kid: "k2" }))).toMatch(/not published/);
  const { signature } = await receipt();
  const [head, body, last = ""] = signature.split(".");
  expect(await why(await receipt({ signature: `${head}.${body}.${"A".repeat(last.length)}` }))).toMatch(/does not fit/);
  expect(await why(await receipt({ signature: "x" }))).toMatch(/damaged/);
  expect(await why(await receipt({ signature: "%.%.%" }))).toMatch(/damaged/);
});

test("text that is no receipt is rejected", () => {
  expect(asReceipt("{")).toBe(null);
  expect(asReceipt("null")).toBe(null);
  expect(asReceipt("[]")).toBe(null);
  expect(asReceipt(JSON.stringify({ ...words, signature: "a.b.c" }))?.receipt_id).toBe("r1");
});
