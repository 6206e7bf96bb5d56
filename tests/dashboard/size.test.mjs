// The first page is small and soon there.
import assert from 'node:assert/strict';
import { availableParallelism, loadavg } from 'node:os';
import { gzipSync } from 'node:zlib';
import { after, before, test } from 'node:test';
import { enter, goto, inProject, launch, open, PASSWORD, world } from './world.mjs';

const KILOBYTE = 1000;
const LIMIT = 150 * KILOBYTE;
/** Milliseconds from the click to a form that can be filled in. */
const SOON = 1000;
const LOADS = 3;

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

test('the first page has under 150 kB of scripts, gzipped', async () => {
  const page = await open(browser);
  const sizes = await scripts(page, async () => {
    await goto(page, '/');
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
  });
  console.log(`sign-in: ${(sum(sizes) / KILOBYTE).toFixed(1)} kB in ${sizes.size} scripts`);
  assert.ok(sizes.size > 0 && sum(sizes) < LIMIT, `${sum(sizes)} bytes`);
});

/** One load by a browser that has nothing of it yet: when it was first painted, and when its form stood there. */
async function load() {
  const page = await open(browser);
  const inside = await page.context().newCDPSession(page);
  await inside.send('Performance.enable');
  await page.addInitScript(() => {
    new MutationObserver((_, watch) => {
      if (!document.querySelector('form button[type=submit]')) return;
      watch.disconnect();
      requestAnimationFrame(() => (window.__stands = performance.now()));
    }).observe(document, { childList: true, subtree: true });
  });
  await goto(page, '/');
  await page.waitForFunction(() => window.__stands !== undefined);
  const times = await page.evaluate(() => ({
    answered: performance.getEntriesByType('navigation')[0].responseEnd,
    painted: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? window.__stands,
    stands: window.__stands,
  }));
  const { metrics } = await inside.send('Performance.getMetrics');
  times.cpu = 1000 * metrics.find(({ name }) => name === 'ProcessTime').value;
  await page.context().close();
  return Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, Math.round(ms)]));
}

test('the first page stands within a second, at the best of three loads', async () => {
  const loads = [];
  for (let at = 0; at < LOADS; at += 1) loads.push(await load());
  const best = loads.toSorted((a, b) => a.stands - b.stands)[0];
  console.log(`the sign-in form stands after ${loads.map(({ stands }) => stands).join(', ')} ms`);
  const reason =
    best.answered > SOON / 2
      ? 'the server is slow to answer'
      : best.cpu > SOON / 2
        ? 'the page has too much to do'
        : `the page has little to do, so something else keeps the ${availableParallelism()} cores busy (load ${loadavg()[0].toFixed(1)})`;
  assert.ok(best.stands < SOON, `${reason}: answered, painted, standing and at work, in ms: ${JSON.stringify(loads)}`);
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
