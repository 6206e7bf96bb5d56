// Shared by the tests: the server they run against, and people in a browser.
import { readFile } from 'node:fs/promises';
import { createHmac } from 'node:crypto';
import { send } from './api.mjs';
import { fixture, launch, openPage, picture, serious } from './chromium.mjs';
import { PASSWORD } from './server.mjs';

if (!process.env.WORLD) throw new Error('the tests need a server: run `node run.mjs`');
export const world = JSON.parse(process.env.WORLD);
export { fixture, launch, PASSWORD, picture, serious };
export const XSS = '<img src=x onerror="window.__xss=1"><script>window.__xss=1</script>';

/** A page of a browser of its own kind (scheme, size). */
export const open = (browser, options = {}) => openPage(browser, world.url, options);

/** Signs in by the form, and ends where the address said. */
export async function enter(page, role, path = '/') {
  await page.goto(`${world.url}/dashboard${path}`);
  await page.getByLabel('Email').fill(world.people[role] ?? role);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('#content').waitFor();
}

/** A page on which somebody of a role is signed in. */
export async function as(browser, role, path = '/', options = {}) {
  const page = await open(browser, options);
  await enter(page, role, path);
  return page;
}

export const inProject = (path, project = world.project) => `/p/${project}${path}`;
export const goto = (page, path) => page.goto(`${world.url}/dashboard${path}`);

/** A call by API key. */
export const byKey = (method, path, body, headers = {}) =>
  send(world.url, method, path, body, { authorization: `Bearer ${world.key}`, ...headers });

/** A video through the API; its transaction. */
export async function video(user, file = 'speaker_crop.mp4', { phrase = 'one two three four five', headers = {} } = {}) {
  const form = new FormData();
  form.set('video', new Blob([await readFile(fixture(file))]), file);
  form.set('phrase', phrase);
  const answer = await byKey('POST', '/api-gateway/process-video', form, { 'x-user-fullname': user, ...headers });
  return { ...answer, id: answer.headers.get('x-request-id') };
}

export async function agree(user) {
  for (const kind of ['consent', 'strg-consent'])
    await byKey('POST', `/api-consent/${kind}`, { is_consent_given: true, user_fullname: user });
}

/** The code an authenticator shows (RFC 6238: SHA-1, 30 s, six digits), `steps` from now. */
export function totp(secret, steps = 0) {
  const bits = [...secret.replace(/=+$/, '')]
    .map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'))
    .join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const hash = createHmac('sha1', key).update(counter).digest();
  const at = hash[19] & 15;
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
