// What the stories share: the server they run against, and people in a browser.
import { readFile } from 'node:fs/promises';
import { mkdirSync } from 'node:fs';
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { send } from './api.mjs';
import { PASSWORD } from './server.mjs';

if (!process.env.WORLD) throw new Error('the stories need a server: run `node run.mjs`');
export const world = JSON.parse(process.env.WORLD);
export { PASSWORD };
export const XSS = '<img src=x onerror="window.__xss=1"><script>window.__xss=1</script>';
export const fixture = (name) => join(world.root, 'fixtures', name);

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
];

/** A browser that is closed with the test file. */
export const launch = (...flags) =>
  chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...FLAGS, ...flags] });

/** A page of a browser of its own kind (scheme, size), which notes what no page may do: call elsewhere, break its policy. */
export async function open(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 860 }, acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(`error: ${error.message}`));
  page.on('console', (line) => {
    if (/Content Security Policy|Refused to/.test(line.text())) page.faults.push(`policy: ${line.text()}`);
  });
  await page.exposeFunction('__breach', (what) => page.faults.push(`policy: ${what}`));
  await page.addInitScript(() =>
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile, lineNumber }) =>
      window.__breach(`${effectiveDirective} ${blockedURI} ${sourceFile}:${lineNumber}`),
    ),
  );
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(world.url)) page.faults.push(`elsewhere: ${request.url()}`);
  });
  page.setDefaultTimeout(20_000);
  return page;
}

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

const require = createRequire(import.meta.url);
const AXE = await readFile(require.resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds serious or critical on the page as it is. Run by the debugger, so that the page's policy stays whole. */
export async function serious(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`)
          .join(' | ')}`,
    );
}

/** Keeps a picture for people to look at, where a folder is named. */
export async function picture(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  // From the top: what stands still while a page is scrolled would be drawn over its middle.
  const at = await page.evaluate(() => [scrollX, scrollY, scrollTo(0, 0)]);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  await page.evaluate(([x, y]) => scrollTo(x, y), at);
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
