// The first page is small: bytes and requests, which are the same on every machine. Times: lcp.mjs.
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { after, before, test } from 'node:test';
import { enter, goto, inProject, launch, open, PASSWORD, world } from './world.mjs';

const KILOBYTE = 1000;
const LIMIT = 150 * KILOBYTE;
const MAX_REQUESTS = 25;

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** The scripts a page has loaded, each with its bytes gzipped. */
async function scripts(page, act) {
  const loaded = new Map();
  const reading = [];
  page.on('response', (answer) => {
    if (answer.request().resourceType() === 'script' && answer.status() === 200)
      reading.push(answer.body().then((bytes) => loaded.set(answer.url(), gzipSync(bytes, { level: 9 }).length)));
  });
  await act();
  await page.waitForLoadState('networkidle');
  await Promise.all(reading);
  return loaded;
}

const sum = (sizes) => [...sizes.values()].reduce((total, size) => total + size, 0);

test('the first page has under 150 kB of scripts, gzipped, and at most 25 requests', async () => {
  const page = await open(browser);
  let requests = 0;
  page.on('request', () => (requests += 1));
  const sizes = await scripts(page, async () => {
    await goto(page, '/');
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
  });
  console.log(`sign-in: ${(sum(sizes) / KILOBYTE).toFixed(1)} kB in ${sizes.size} scripts, ${requests} requests`);
  assert.ok(sizes.size > 0 && sum(sizes) < LIMIT, `${sum(sizes)} bytes`);
  assert.ok(requests <= MAX_REQUESTS, `${requests} requests`);
});

test('the shell around the pages stays under 150 kB as well', async () => {
  const page = await open(browser);
  await page.goto(`${world.url}/healthz`);
  // The policy of that page allows no calls, so the browser's own client makes it.
  const signedIn = await page.request.post(`${world.url}/api-auth/sign-in`, {
    data: { email: world.people.viewer, password: PASSWORD },
  });
  assert.equal(signedIn.status(), 200);
  // As after a first visit.
  await page.evaluate(() => localStorage.setItem('biometry.signed-in', '1'));
  const sizes = await scripts(page, async () => {
    await goto(page, '/nowhere');
    await page.getByRole('heading', { name: 'No such page' }).waitFor();
  });
  console.log(`shell: ${(sum(sizes) / KILOBYTE).toFixed(1)} kB in ${sizes.size} scripts`);
  assert.ok(sum(sizes) < LIMIT, `${sum(sizes)} bytes`);
});

test('a page brings its own parts only when it is opened', async () => {
  const page = await open(browser);
  await enter(page, 'owner', inProject('/keys'));
  const urls = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
  for (const other of ['place-map', 'charts', 'try-it', 'editor']) assert.ok(!urls.some((url) => url.includes(`/${other}-`)), other);
  assert.ok(urls.every((url) => url.startsWith(world.url)));
});
