// What the face guide says of real films: dark, empty, beside the oval; and with a face finder.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { filmed, fixture, launch, picture } from '../dashboard/chromium.mjs';
import { filmFolder, opened, press, ready, state } from './opened.mjs';
import { openSite } from './site.mjs';

let site;
before(async () => {
  site = await openSite();
});
after(() => site.close());

/** The camera shows the film; `steps` gets the page. */
async function watching(filter, steps, { flags = [], before } = {}) {
  const [folder, remove] = filmFolder();
  const browser = await launch(...filmed(folder, fixture('speaker_crop.mp4'), filter), ...flags);
  try {
    const page = await opened(browser, site, {}, { before });
    await ready(page);
    await steps(page);
  } finally {
    await browser.close();
    remove();
  }
}
const says = (page, hint) => page.locator(`.hint[data-hint=${hint}]`).waitFor();

const FILMS = {
  'the person in the oval, whose place it cannot check': ['', 'unchecked'],
  'too dark': ['lutyuv=y=val*0.25', 'too_dark'],
  'too bright': ['lutyuv=y=225+val*0.1', 'too_bright'],
  'a covered camera': ['lutyuv=y=20:u=128:v=128', 'covered'],
  'beside the oval': ['crop=320:480:160:0,pad=640:480:0:0:gray', 'off_centre'],
};
for (const [what, [filter, hint]] of Object.entries(FILMS))
  test(`the guide says: ${what}`, () =>
    watching(filter, async (page) => {
      await says(page, hint);
      await picture(page, `capture-guide-${hint}`);
    }));

test('a face finder without its service is no face finder', () =>
  watching('', (page) => says(page, 'unchecked'), { flags: ['--enable-experimental-web-platform-features'] }));

test('what the browser finds is said, and noted with the recording', () =>
  watching(
    '',
    async (page) => {
      await says(page, 'no_face');
      await page.evaluate(() => (window.faces = [{ x: 200, y: 120, width: 240, height: 240 }]));
      await says(page, 'good');
      await page.evaluate(() => (window.faces = [{ x: 20, y: 120, width: 240, height: 240 }]));
      await says(page, 'off_centre');
      await page.evaluate(() => (window.faces = [{ x: 280, y: 200, width: 80, height: 80 }]));
      await page.getByText('Come closer.').waitFor();
      await page.evaluate(() => (window.faces = [{ x: 20, y: 120, width: 240, height: 240 }]));
      await says(page, 'off_centre');
      await press(page, 'Record');
      await state(page, 'review');
      assert.deepEqual(await page.evaluate(() => window.scanner.capture.guide), { finder: 'face-detector', hint: 'off_centre' });
    },
    {
      // Chromium has no face finder on Linux; this is its interface.
      before: () => {
        window.faces = [];
        window.FaceDetector = class {
          detect = async () => window.faces.map((boundingBox) => ({ boundingBox }));
        };
      },
    },
  ));
