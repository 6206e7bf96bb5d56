// The way through the component: camera, phrase, recording, review, upload. By keyboard alone, on a desktop and a phone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { filmed, fixture, launch, picture, serious } from '../dashboard/chromium.mjs';
import { events, filmFolder, opened, PHRASE, press, ready, reviewed, state } from './opened.mjs';
import { openSite } from './site.mjs';

let browser, site, removeFilms;
before(async () => {
  const [folder, remove] = filmFolder();
  removeFilms = remove;
  [site, browser] = await Promise.all([openSite(), launch(...filmed(folder))]);
});
after(async () => {
  await browser.close();
  site.close();
  removeFilms();
});

test('by keyboard alone: open, record the phrase word by word, review, upload', async () => {
  const page = await opened(browser, site, {
    'upload-url': '/upload',
    'upload-token': 'a-token',
    'on-capture': 'app.handle',
    fields: '{"user":"ada"}',
    countdown: '1',
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
  // Every change is seen, however few frames a loaded machine draws.
  const seen = await page.evaluate(async () => {
    const words = [];
    const note = () => {
      const now = window.scanner.shadowRoot.querySelector('.phrase .now')?.textContent;
      if (now && words.at(-1) !== now) words.push(now);
    };
    const observer = new MutationObserver(note);
    observer.observe(window.scanner.shadowRoot, { attributes: true, characterData: true, childList: true, subtree: true });
    note();
    while (window.scanner.state === 'recording') await new Promise((later) => setTimeout(later, 50));
    observer.disconnect();
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
  // Six seconds; a loaded machine stops later.
  assert.ok(capture.seconds > 5 && capture.seconds < 15, `${capture.seconds}`);
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
  const page = await opened(browser, site, {}, { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
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

test('without an address to send to the page has the recording, and the camera is off', async () => {
  const page = await opened(browser, site, { 'min-seconds': '1', 'max-seconds': '2' }, { before: keepStreams });
  await reviewed(page);
  assert.deepEqual(await page.evaluate(() => window.streams.flatMap((stream) => stream.getTracks().map((track) => track.readyState))), [
    'ended',
    'ended',
  ]);
  await press(page, 'Use this recording');
  await page.getByRole('heading', { name: 'Recording ready' }).waitFor();
  assert.equal(await page.evaluate(() => window.scanner.capture.video.size > 10_000), true);
  await press(page, 'Record again');
  await state(page, 'ready');
  assert.equal((await events(page, 'retake')).length, 1);
  await page.evaluate(() => window.scanner.remove());
  assert.ok(await page.evaluate(() => window.streams.every((stream) => stream.getTracks().every((track) => track.readyState === 'ended'))));
  assert.deepEqual(page.faults, []);
});

test('a page that prevents the default sends the recording itself', async () => {
  const page = await opened(browser, site, { 'max-seconds': '2', 'upload-url': '/upload' });
  await page.evaluate(() => window.scanner.addEventListener('capture', (event) => event.preventDefault()));
  await reviewed(page);
  await press(page, 'Use this recording');
  await state(page, 'done');
  assert.deepEqual(site.uploads, []);
});

test('in a form the recording is a field, and a required one', async () => {
  const page = await opened(browser, site, { name: 'selfie_video', required: '', 'max-seconds': '2' });
  await press(page, 'Submit the form');
  await reviewed(page);
  await press(page, 'Submit the form');
  assert.equal(site.forms.length, 0);
  await press(page, 'Use this recording');
  await press(page, 'Submit the form');
  await page.getByRole('heading', { name: 'Received' }).waitFor();
  const video = site.forms[0].get('selfie_video');
  assert.ok(video.size > 10_000);
  assert.deepEqual([video.name, video.type.split(';')[0]], ['recording.webm', 'video/webm']);
});

test('a video file in place of the camera', async () => {
  const page = await opened(browser, site, { 'upload-url': '/upload' });
  const chooser = page.waitForEvent('filechooser');
  await press(page, 'Use a video file instead');
  await (await chooser).setFiles(fixture('speaker_crop.webm'));
  await state(page, 'review');
  await press(page, 'Use this video');
  await state(page, 'done');
  const [{ form }] = site.uploads.splice(0);
  assert.equal(form.get('video').name, 'speaker_crop.webm');
  const [capture] = await events(page, 'capture');
  assert.equal(capture.source, 'file');
  assert.ok(capture.seconds > 1);
});

test('Escape leaves a countdown and a recording, and the words stand unmarked again', async () => {
  const page = await opened(browser, site, { countdown: '3' });
  await ready(page);
  await press(page, 'Record');
  await state(page, 'counting');
  await page.keyboard.press('Escape');
  await state(page, 'ready');
  await page.evaluate(() => window.scanner.setAttribute('countdown', '0'));
  await press(page, 'Record');
  await page.waitForFunction(() => window.scanner.shadowRoot.querySelector('.phrase .now'));
  assert.equal(await page.evaluate(() => window.scanner.shadowRoot.querySelector('.hint').getAttribute('aria-live')), 'off');
  await page.keyboard.press('Escape');
  await state(page, 'ready');
  assert.equal(await page.locator('.phrase .now, .phrase .said').count(), 0);
  assert.equal(await page.evaluate(() => window.scanner.shadowRoot.querySelector('.hint').getAttribute('aria-live')), 'polite');
});

test('a key held down presses once', async () => {
  const page = await opened(browser, site);
  await ready(page);
  await page.getByRole('button', { name: 'Record', exact: true }).focus();
  for (let times = 0; times < 5; times += 1) await page.keyboard.down('Enter');
  await state(page, 'recording');
  await page.waitForFunction(() => window.scanner.shadowRoot.querySelectorAll('.phrase .said').length > 1);
  assert.equal(await page.evaluate(() => window.scanner.state), 'recording');
});

test('a new phrase and other words are shown at once', async () => {
  const page = await opened(browser, site, { texts: '{"record":"Go <b>now</b>"}' });
  await ready(page);
  await page.getByRole('button', { name: 'Go <b>now</b>', exact: true }).waitFor();
  await page.evaluate(() => {
    window.scanner.phrase = 'six <i>seven</i>';
    window.scanner.lang = 'de';
  });
  await page.locator('.phrase').getByText('six <i>seven</i>').waitFor();
  await page.getByText('Sprechen Sie laut').waitFor();
  await page.evaluate(() => {
    window.scanner.removeAttribute('lang');
    document.documentElement.lang = 'es-MX';
    window.scanner.texts = { record: 'Ya' };
  });
  await page.getByRole('button', { name: 'Ya', exact: true }).waitFor();
  await page.getByText('Di en voz alta').waitFor();
  assert.deepEqual(await serious(page), []);
});

/** Keeps every stream the page was given. */
function keepStreams() {
  window.streams = [];
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await open(wanted);
    window.streams.push(stream);
    return stream;
  };
}
