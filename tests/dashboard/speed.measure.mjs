// How soon pages stand, as figures: `make dashboard-speed`. Time depends on the machine, so nothing is asserted of it.
import { after, before, test } from 'node:test';
import { agree, enter, goto, inProject, launch, open, video } from './world.mjs';

const LOADS = 5;
/** How much slower than this machine's the browser's processor is. */
const CPU_SLOWDOWN = 4;
const USER = 'speed@example.org';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** Milliseconds to the largest contentful paint of a load of `path`, by `page`, with a slowed processor. */
async function largestPaint(page, path) {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: CPU_SLOWDOWN });
  await goto(page, path);
  await page.waitForLoadState('networkidle');
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        new PerformanceObserver((list) => resolve(Math.round(list.getEntries().at(-1).startTime))).observe({
          type: 'largest-contentful-paint',
          buffered: true,
        });
      }),
  );
}

const print = (what, times) => {
  const sorted = times.toSorted((a, b) => a - b);
  console.log(`${what}: largest contentful paint ${sorted.join(', ')} ms at ${CPU_SLOWDOWN}x CPU slowdown`);
};

test('the sign-in page', async () => {
  const times = [];
  for (let at = 0; at < LOADS; at += 1) {
    const page = await open(browser);
    times.push(await largestPaint(page, '/'));
    await page.context().close();
  }
  print('sign-in', times);
});

test("a transaction's page", async () => {
  await agree(USER);
  const { id } = await video(USER);
  const times = [];
  for (let at = 0; at < LOADS; at += 1) {
    const page = await open(browser);
    await enter(page, 'owner', inProject('/'));
    times.push(await largestPaint(page, inProject(`/transactions/${id}`)));
    await page.context().close();
  }
  print('transaction', times);
});
