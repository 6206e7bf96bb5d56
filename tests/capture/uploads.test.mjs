// Uploads that fail: repeated where that may help, once for the server, and given up in words.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { filmed, launch, picture, serious } from '../dashboard/chromium.mjs';
import { codes, events, filmFolder, opened, press, reviewed, state } from './opened.mjs';
import { openSite } from './site.mjs';

const XSS = '<img src=x onerror="window.__xss=1">';
const BUSY = { status: 503, body: { error: 'the queue is full' }, headers: { 'retry-after': '2' } };

let browser, site, removeFilms;
before(async () => {
  const [folder, remove] = filmFolder();
  removeFilms = remove;
  [site, browser] = await Promise.all([openSite(), launch(...filmed(folder))]);
});
afterEach(() => {
  site.uploads.length = site.answers.length = 0;
  site.down = false;
});
after(async () => {
  await browser.close();
  site.close();
  removeFilms();
});

/** A recording that was accepted, on its way to a site that answers so. */
async function sent(answers, attributes = {}) {
  site.answers.push(...answers);
  const page = await opened(browser, site, { 'upload-url': '/upload', 'max-seconds': '2', ...attributes });
  await reviewed(page);
  await press(page, 'Use this recording');
  return page;
}
const keys = () => site.uploads.map(({ headers }) => headers['idempotency-key']);

test('a busy server is asked again after the time it named, as one request', async () => {
  const page = await sent([BUSY, BUSY]);
  await page.getByText(/Trying again in [12] s/).waitFor();
  await state(page, 'done');
  assert.equal(site.uploads.length, 3);
  assert.equal(new Set(keys()).size, 1);
  const sizes = new Set(site.uploads.map(({ form }) => form.get('video').size));
  assert.equal(sizes.size, 1);
  assert.equal((await events(page, 'progress')).at(-1).share, 1);
  assert.deepEqual(await codes(page), []);
});

test('a lost connection is tried again at once where the person asks', async () => {
  site.down = true;
  const page = await sent([]);
  await page.getByRole('button', { name: 'Try now' }).waitFor();
  site.down = false;
  await press(page, 'Try now');
  await state(page, 'done');
  assert.equal(site.uploads.length, 1);
});

test('after the last attempt the recording is still there, and can be sent', async () => {
  const page = await sent([BUSY, BUSY], { retries: '1' });
  await page.getByRole('heading', { name: 'Your recording was not sent' }).waitFor();
  await page
    .getByRole('alert')
    .getByText(/The server is busy.*the queue is full/)
    .waitFor();
  assert.deepEqual(await codes(page), ['server_busy']);
  assert.deepEqual(await serious(page), []);
  await picture(page, 'capture-unsent');
  await press(page, 'Try again');
  await state(page, 'done');
  assert.equal(new Set(keys()).size, 1);
  assert.equal((await events(page, 'capture')).length, 1);
});

test('no connection at all is said', async () => {
  site.down = true;
  const page = await sent([], { retries: '0' });
  await page.getByText('The server cannot be reached').waitFor();
  assert.deepEqual(await codes(page), ['offline']);
});

test('what the server rejects is not sent again, and its sentence stays text', async () => {
  const page = await sent([{ status: 422, body: { error: `no face ${XSS}` } }]);
  await page.getByText(`no face ${XSS}`).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Try again' }).count(), 0);
  assert.equal(await page.evaluate(() => window.__xss), undefined);
  const [error] = await events(page, 'error');
  assert.deepEqual([error.code, error.status, error.body.error], ['rejected', 422, `no face ${XSS}`]);
  await press(page, 'Record again');
  await state(page, 'ready');
  assert.equal(site.uploads.length, 1);
});

test('a token that has ended is named so', async () => {
  const page = await sent([{ status: 401, body: { error: 'token expired' } }]);
  await page.getByText('Permission to send has ended').waitFor();
  assert.deepEqual(await codes(page), ['not_authorized']);
});

test('an upload can be cancelled, and its answer is then ignored', async () => {
  let release;
  const page = await sent([{ status: 200, hold: new Promise((resolve) => (release = resolve)) }]);
  await page.getByText('Waiting for the answer').waitFor();
  await press(page, 'Cancel');
  await state(page, 'review');
  release();
  await press(page, 'Use this recording');
  await state(page, 'done');
  assert.equal((await events(page, 'uploaded')).length, 1);
  assert.equal(site.uploads.length, 2);
});
