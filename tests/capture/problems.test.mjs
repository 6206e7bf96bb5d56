// Where there is no camera, no permission, no recorder, no sound: what the person reads, and the way that is left.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { filmed, fixture, launch, picture, serious } from '../dashboard/chromium.mjs';
import { codes, events, filmFolder, opened, press, ready, reviewed, state } from './opened.mjs';
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

/** Runs with a browser of its own. */
async function within(flags, steps) {
  const other = await launch(...flags);
  try {
    await steps(other);
  } finally {
    await other.close();
  }
}

/** A file is accepted on the page. */
async function takesFile(page) {
  const chooser = page.waitForEvent('filechooser');
  await press(page, 'Use a video file instead');
  await (await chooser).setFiles(fixture('speaker_crop.webm'));
  await state(page, 'review');
}

test('no camera: said, tried again, and a file is taken', () =>
  within(['--use-fake-device-for-media-stream=device-count=0'], async (bare) => {
    const page = await opened(bare, site);
    await press(page, 'Open the camera');
    await page.getByRole('alert').getByText('No camera or no microphone was found').waitFor();
    assert.deepEqual(await serious(page), []);
    await picture(page, 'capture-no-camera');
    await press(page, 'Try again');
    await page.waitForFunction(() => window.events.filter(({ type }) => type === 'error').length === 2);
    assert.deepEqual(await codes(page), ['no_camera', 'no_camera']);
    await takesFile(page);
  }));

test('denied: said where to allow it', () =>
  within(['--use-fake-ui-for-media-stream=deny'], async (denying) => {
    const page = await opened(denying, site, {}, { permissions: [] });
    await press(page, 'Open the camera');
    await page
      .getByRole('alert')
      .getByText(/Allow it beside the address/)
      .waitFor();
    assert.deepEqual(await codes(page), ['camera_denied']);
    await takesFile(page);
  }));

test('a page without https gets no camera, but a file can be sent', () =>
  within(['--host-resolver-rules=MAP plain.example 127.0.0.1'], async (browser) => {
    const url = site.url.replace('127.0.0.1', 'plain.example');
    const page = await opened(browser, site, { 'upload-url': '/upload' }, { url, permissions: [] });
    await press(page, 'Open the camera');
    await page.getByRole('alert').getByText('pages over https').waitFor();
    assert.deepEqual(await codes(page), ['insecure_page']);
    await takesFile(page);
    await press(page, 'Use this video');
    await state(page, 'done');
    assert.equal(site.uploads.splice(0).length, 1);
  }));

test('a browser that records no type asks for no permission', async () => {
  const page = await opened(browser, site, {}, { before: () => (MediaRecorder.isTypeSupported = () => false) });
  await press(page, 'Open the camera');
  await page.getByRole('alert').getByText('cannot record video').waitFor();
  assert.deepEqual(await codes(page), ['recorder_unsupported']);
  await takesFile(page);
});

test('a recorder that refuses after all is the same', async () => {
  const before = () => {
    window.MediaRecorder = class {
      static isTypeSupported = () => true;
      constructor() {
        throw new DOMException('no', 'NotSupportedError');
      }
    };
  };
  const page = await opened(browser, site, {}, { before });
  await ready(page);
  await press(page, 'Record');
  await page.getByRole('alert').getByText('cannot record video').waitFor();
  assert.deepEqual(await codes(page), ['recorder_unsupported']);
});

test('a camera that another program uses', async () => {
  const before = () => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotReadableError'));
  };
  const page = await opened(browser, site, { 'no-file': '' }, { before });
  await press(page, 'Open the camera');
  await page.getByRole('alert').getByText('Another program').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Use a video file instead' }).count(), 0);
});

test('a recording that is stopped too soon is none', async () => {
  const page = await opened(browser, site);
  await ready(page);
  await press(page, 'Record');
  await state(page, 'recording');
  await press(page, 'Stop');
  await page.getByRole('alert').getByText('too short').waitFor();
  assert.deepEqual(await codes(page), ['too_short']);
  await press(page, 'Record');
  await state(page, 'recording');
  assert.equal(await page.getByRole('alert').count(), 0);
});

test('a camera that is unplugged while recording', async () => {
  const page = await opened(browser, site);
  await ready(page);
  await press(page, 'Record');
  await state(page, 'recording');
  // Chromium's fake camera cannot be unplugged; this is the event of one that is.
  await page.evaluate(() => {
    const [track] = window.scanner.shadowRoot.querySelector('video').srcObject.getVideoTracks();
    track.dispatchEvent(new Event('ended'));
  });
  await page.getByRole('alert').getByText('was disconnected').waitFor();
  assert.deepEqual(await codes(page), ['camera_lost']);
});

test('a page that is hidden while recording records nothing', async () => {
  const page = await opened(browser, site);
  await ready(page);
  const hide = () =>
    page.evaluate(() => {
      Object.defineProperty(document, 'hidden', { configurable: true, value: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
  await hide();
  assert.equal(await page.evaluate(() => window.scanner.state), 'ready');
  assert.deepEqual(await codes(page), []);
  await press(page, 'Record');
  await state(page, 'recording');
  await hide();
  await page.getByRole('alert').getByText('the page was hidden').waitFor();
  assert.deepEqual(await codes(page), ['interrupted']);
});

test('a file that is no video, and one that is too large', async () => {
  const page = await opened(browser, site, { 'max-megabytes': '1' });
  const choose = async (file) => {
    const chooser = page.waitForEvent('filechooser');
    await press(page, 'Use a video file instead');
    await (await chooser).setFiles(file);
  };
  await choose({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('not a film') });
  await page.getByRole('alert').getByText('not a video').waitFor();
  await choose({ name: 'empty.mp4', mimeType: 'video/mp4', buffer: Buffer.alloc(0) });
  await page.waitForFunction(() => window.events.filter(({ type }) => type === 'error').length === 2);
  await choose({ name: 'film.mp4', mimeType: 'video/mp4', buffer: Buffer.alloc(1_000_001) });
  await page.getByRole('alert').getByText('at most 1 MB').waitFor();
  assert.deepEqual(await codes(page), ['not_a_video', 'not_a_video', 'too_large']);
});

test('silence is pointed out before anything is sent', async () => {
  const [folder, remove] = filmFolder();
  await within(filmed(folder, fixture('silent.mp4')), async (silent) => {
    const page = await opened(silent, site, { 'max-seconds': '2' });
    await reviewed(page);
    await page.getByRole('alert').getByText('The microphone heard nothing').waitFor();
    await press(page, 'Use this recording');
    assert.equal((await events(page, 'capture'))[0].heard, false);
  });
  remove();
});

test('another camera can be chosen by its name', () =>
  within(['--use-fake-device-for-media-stream=device-count=2'], async (two) => {
    const page = await opened(two, site);
    await ready(page);
    const select = page.getByLabel('Camera', { exact: true });
    const names = await select.locator('option').allInnerTexts();
    assert.equal(names.length, 2);
    assert.deepEqual(await serious(page), []);
    await select.selectOption({ label: names[1] });
    await page.waitForFunction(
      (name) => window.scanner.shadowRoot.querySelector('video')?.srcObject?.getVideoTracks()[0].label === name,
      names[1],
    );
    await state(page, 'ready');
    assert.equal(await select.locator('option:checked').innerText(), names[1]);
  }));
