// Somebody new records themselves and sees a decision. The camera plays a film of somebody speaking.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { filmed } from './chromium.mjs';
import { as, enter, inProject, launch, open, picture, serious } from './world.mjs';

let browser, folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'camera-'));
  browser = await launch(...filmed(folder));
});
after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

test('agree, record the phrase shown, send, and see the decision with its reasons', async () => {
  const page = await as(browser, 'developer', inProject('/try-it'), { permissions: ['camera', 'microphone'] });
  await page.getByRole('button', { name: 'Open the camera' }).click();
  await page.getByText('without this, faces and voices are not processed').waitFor();
  await page.getByLabel('I agree that my face and voice').check();
  await page.getByRole('button', { name: 'Open the camera' }).click();
  const phrase = () => page.locator('biometry-scanner .phrase').innerText();
  const shown = await phrase();
  assert.match(shown.replaceAll(/\s+/g, ' '), /^((zero|one|two|three|four|five|six|seven|eight|nine)( |$)){5}$/);
  await page.getByRole('button', { name: 'Another phrase' }).click();
  assert.notEqual(await phrase(), shown);
  await picture(page, 'try-it-camera');
  assert.deepEqual(await serious(page), []);
  await page.getByRole('button', { name: 'Record', exact: true }).click();
  await page.getByLabel('Your recording').waitFor();
  await picture(page, 'try-it-recorded');
  await page.getByRole('button', { name: 'Send it' }).click();
  const result = page.getByTestId('try-it-result');
  await result.waitFor({ timeout: 60_000 });
  await result.getByRole('heading', { name: 'Face Liveness Detection' }).waitFor();
  await result.getByRole('heading', { name: 'Visual Speech Recognition' }).waitFor();
  await picture(page, 'try-it-decision');
  assert.deepEqual(await serious(page), []);
  await result.getByRole('link', { name: 'Open the transaction' }).click();
  await page.getByTestId('decision').waitFor();
  assert.deepEqual(page.faults, []);
});

for (const [name, options] of Object.entries({
  dark: { colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 800 }, isMobile: true, hasTouch: true },
}))
  test(`the open camera is readable and fits: ${name}`, async () => {
    const page = await as(browser, 'developer', inProject('/try-it'), { permissions: ['camera', 'microphone'], ...options });
    await page.getByLabel('I agree that my face and voice').check();
    await page.getByRole('button', { name: 'Open the camera' }).click();
    await page.getByRole('button', { name: 'Record', exact: true }).waitFor();
    assert.deepEqual(await serious(page), []);
    const width = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(width[0] <= width[1], `${width}`);
    await picture(page, `try-it-camera-${name}`);
    assert.deepEqual(page.faults, []);
  });

test('without a camera the page says what to do', async () => {
  const page = await open(browser, { permissions: [] });
  await page.addInitScript(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  });
  await enter(page, 'developer', inProject('/try-it'));
  await page.getByLabel('I agree that my face and voice').check();
  await page.getByRole('button', { name: 'Open the camera' }).click();
  await page
    .getByRole('alert')
    .getByText(/Allow it beside the address/)
    .waitFor();
});
