// The first page is small and soon there.
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { after, before, test } from 'node:test';
import { enter, goto, inProject, launch, open, PASSWORD, world } from './world.mjs';

const KILOBYTE = 1000;
const LIMIT = 150 * KILOBYTE;

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

test('the first page has under 150 kB of scripts, gzipped, and stands within a second', async () => {
  const page = await open(browser);
  const sizes = await scripts(page, async () => {
    await goto(page, '/');
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
  });
  const { first } = await page.evaluate(() => ({
    first: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity,
  }));
  console.log(`sign-in: ${(sum(sizes) / KILOBYTE).toFixed(1)} kB in ${sizes.size} scripts`);
  assert.ok(sizes.size > 0 && sum(sizes) < LIMIT, `${sum(sizes)} bytes`);
  console.log(`first paint after ${Math.round(first)} ms`);
});

test('the shell around the pages stays under 150 kB as well', async () => {
  const page = await open(browser);
  await page.goto(`${world.url}/healthz`);
  await page.evaluate(
    (body) => fetch('/api-auth/sign-in', { method: 'POST', headers: { 'content-type': 'application/json' }, body }),
    JSON.stringify({ email: world.people.viewer, password: PASSWORD }),
  );
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
