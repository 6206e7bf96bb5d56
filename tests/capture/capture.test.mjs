// The way through the component: camera, phrase, recording, review, upload. By keyboard alone, on a desktop and a phone.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { filmed, launch, openPage, picture, serious } from '../dashboard/chromium.mjs';
import { openSite } from './site.mjs';

const PHRASE = 'one two three four five';
const DEVICES = { permissions: ['camera', 'microphone'] };

let browser, folder, site;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'capture-'));
  [site, browser] = await Promise.all([openSite(), launch(...filmed(folder))]);
});
after(async () => {
  await browser.close();
  site.close();
  rmSync(folder, { recursive: true });
});

/** A page whose element has these attributes. */
async function opened(attributes, options = DEVICES) {
  const page = await openPage(browser, site.url, options);
  await page.goto(`${site.url}/?${new URLSearchParams({ phrase: PHRASE, countdown: '1', ...attributes })}`);
  return page;
}
const state = (page, name) => page.waitForFunction((wanted) => window.scanner.state === wanted, name);
const events = (page, type) => page.evaluate((wanted) => window.events.filter((event) => event.type === wanted), type);

test('by keyboard alone: open, record the phrase word by word, review, upload', async () => {
  const page = await opened({
    'upload-url': '/upload',
    'upload-token': 'a-token',
    'on-capture': 'app.handle',
    fields: '{"user":"ada"}',
  });
  assert.deepEqual(await serious(page), []);
  await page.getByRole('button', { name: 'Open the camera' }).waitFor();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await state(page, 'ready');
  assert.deepEqual(await serious(page), []);
  await picture(page, 'capture-ready');
  await page.waitForFunction(() => Number(window.scanner.shadowRoot.querySelector('[role=meter]').ariaValueNow ?? 0) > 0);
  await page.keyboard.press('Enter');
  await state(page, 'recording');
  const seen = await page.evaluate(async () => {
    const words = [];
    while (window.scanner.state === 'recording') {
      const now = window.scanner.shadowRoot.querySelector('.phrase .now')?.textContent;
      if (now && words.at(-1) !== now) words.push(now);
      await new Promise(requestAnimationFrame);
    }
    return words;
  });
  assert.deepEqual(seen, PHRASE.split(' '));
  await state(page, 'review');
  assert.deepEqual(await serious(page), []);
  await picture(page, 'capture-review');
  const length = await page.getByLabel('Your recording').evaluate(async (video) => {
    if (video.readyState < 2) await new Promise((loaded) => video.addEventListener('loadeddata', loaded, { once: true }));
    return [video.videoWidth, video.videoHeight];
  });
  assert.deepEqual(length, [640, 480]);
  await page.getByRole('button', { name: 'Use this recording' }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Recording sent' }).waitFor();
  const [capture] = await events(page, 'capture');
  assert.equal(capture.source, 'camera');
  assert.equal(capture.phrase, PHRASE);
  assert.equal(capture.heard, true);
  assert.ok(capture.seconds > 5 && capture.seconds < 7, `${capture.seconds}`);
  assert.equal(await page.evaluate(() => window.handled), PHRASE);
  const [uploaded] = await events(page, 'uploaded');
  assert.deepEqual([uploaded.status, uploaded.body, uploaded.requestId], [200, { verdict: 'pass' }, 'request-1']);
  const [{ headers, form }] = site.uploads.splice(0);
  assert.equal(headers.authorization, 'Bearer a-token');
  assert.equal(headers['idempotency-key'], capture.id);
  assert.deepEqual([...form.keys()], ['user', 'phrase', 'video']);
  assert.equal(form.get('phrase'), PHRASE);
  const video = form.get('video');
  assert.equal(video.name, 'recording.webm');
  assert.equal(video.size, capture.size);
  assert.equal(Buffer.from(await video.slice(0, 4).arrayBuffer()).toString('hex'), '1a45dfa3');
  assert.deepEqual(page.faults, []);
});

test('at the width of a phone nothing is cut off and every button can be hit', async () => {
  const page = await opened(
    {},
    {
      ...DEVICES,
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
    },
  );
  await page.getByRole('button', { name: 'Open the camera' }).tap();
  await state(page, 'ready');
  await page.waitForFunction(() => window.scanner.shadowRoot.querySelector('video').videoWidth > 0);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 360, `${wide}`);
  for (const button of await page.getByRole('button').all()) {
    const box = await button.boundingBox();
    if ((await button.innerText()) !== 'Submit the form') assert.ok(box.height >= 44 && box.width >= 44, JSON.stringify(box));
  }
  assert.deepEqual(await serious(page), []);
  await picture(page, 'capture-phone');
  assert.deepEqual(page.faults, []);
});
