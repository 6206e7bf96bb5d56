#!/usr/bin/env node
// Checks a project's consent log without trusting its server, with nothing but Node: verify.mjs KEYS.json ANSWER.json...
// KEYS: the body of GET /api-consent/log/keys, noted earlier. ANSWER: bodies of checkpoint, inclusion and consistency (after
// the checkpoint it starts from), and promises as {"promise": <the header Consent-Promise>} before their inclusion.
import assert from 'node:assert';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

const bytes = (base64) => Buffer.from(base64, 'base64');
const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
const node = (left, right) => sha256(Buffer.of(1), left, right);
const half = (number) => Math.floor(number / 2);

/** C2SP signed-note: the lines of a note that one of the keys signed. */
function read(note, keys) {
  const end = note.lastIndexOf('\n\n') + 1;
  const [text, signatures] = [
    note.slice(0, end),
    note
      .slice(end + 1)
      .trimEnd()
      .split('\n'),
  ];
  const lines = text.trimEnd().split('\n');
  const signed = signatures
    .map((line) => line.split(' '))
    .some(([, name, encoded]) => {
      const x = keys.get(`${name}+${bytes(encoded).subarray(0, 4).toString('hex')}`);
      if (!x || name !== lines[0]) return false;
      const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url') }, format: 'jwk' });
      return verify(null, Buffer.from(text), key, bytes(encoded).subarray(4));
    });
  assert(signed, 'no known key signed the note');
  return lines;
}

/** RFC 9162, 2.1.3.2 and 2.1.4.2: the roots of the earlier and of the later tree that a proof leads to. */
function climb(fn, sn, earlier, later, proof) {
  for (const part of proof) {
    assert(sn > 0, 'the proof is too long');
    if (fn % 2 || fn === sn) {
      [earlier, later] = [node(part, earlier), node(part, later)];
      while (fn && fn % 2 === 0) [fn, sn] = [half(fn), half(sn)];
    } else later = node(later, part);
    [fn, sn] = [half(fn), half(sn)];
  }
  assert(sn === 0, 'the proof is too short');
  return [earlier, later];
}

function check(answer, { keys, roots, promised }) {
  if (answer.promise) {
    const [, kind, index, leaf] = read(bytes(answer.promise).toString(), keys);
    assert.equal(kind, 'promise v1');
    promised.set(Number(index), leaf);
    return `promise of leaf ${index}`;
  }
  const [, sizeText, root] = read((answer.checkpoint ?? answer).note, keys);
  const [size, proof] = [Number(sizeText), (answer.proof ?? []).map(bytes)];
  assert.equal(roots.get(size) ?? root, root, `two logs of size ${size}: it was forked`);
  roots.set(size, root);
  if (answer.leaf) {
    const [index, leaf] = [answer.index, sha256(Buffer.of(0), Buffer.from(answer.leaf))];
    assert.equal(promised.get(index) ?? leaf.toString('base64'), leaf.toString('base64'), `leaf ${index} is not the promised one`);
    assert(index < size && climb(index, size - 1, leaf, leaf, proof)[1].equals(bytes(root)), `leaf ${index} is not in the log`);
    return `leaf ${index} is among ${size}`;
  }
  if (answer.from && answer.from < size) {
    let [fn, sn, old] = [answer.from - 1, size - 1, roots.get(answer.from)];
    assert(old, `no checkpoint of size ${answer.from} was given`);
    const [first, ...rest] = Number.isInteger(Math.log2(answer.from)) ? [bytes(old), ...proof] : proof;
    while (fn % 2) [fn, sn] = [half(fn), half(sn)];
    const [earlier, later] = climb(fn, sn, first, first, rest);
    assert(earlier.equals(bytes(old)) && later.equals(bytes(root)), `the log of ${answer.from} was rewritten`);
  }
  return answer.from ? `the log of ${answer.from} grew to ${size}` : `checkpoint of size ${size}`;
}

const [known, ...answers] = process.argv
  .slice(2)
  .map((name) => JSON.parse(readFileSync(name)))
  .map((body) => body.data ?? body);
const verifiers = known.keys.map(({ verifier }) => verifier.split('+', 2).concat(verifier.split('+').slice(2).join('+')));
const keys = new Map(verifiers.map(([name, hash, key]) => [`${name}+${hash}`, bytes(key).subarray(1)]));
const state = { keys, roots: new Map(), promised: new Map() };
for (const answer of answers) console.log('ok:', check(answer, state));
