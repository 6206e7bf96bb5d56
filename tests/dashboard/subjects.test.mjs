// One person: stored data, withdrawn consents, and erasure with a receipt anyone can verify.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { agree, as, byKey, inProject, launch, picture, serious, video, world, XSS } from './world.mjs';

const PHRASE = 'today after two years of negotiations the united states together with our international partners has achieved some';
const USER = `mai ${XSS} ${Date.now()}`;
let browser, page, kept;
before(async () => {
  browser = await launch();
  await agree(USER);
  await video(USER, 'speaker_crop.mp4', { phrase: PHRASE });
  page = await as(browser, 'owner', inProject('/subjects'));
});
after(() => browser.close());

test('looked up: consents, their history, templates and never a vector', async () => {
  await page.getByRole('button', { name: 'Look up' }).click();
  await page.getByText('the identifier, as in X-User-Fullname').waitFor();
  const answers = [];
  page.on('response', async (answer) => {
    if (/subjects/.test(answer.url())) answers.push(await answer.text());
  });
  await page.getByLabel('User', { exact: true }).fill(USER);
  await page.getByRole('button', { name: 'Look up' }).click();
  await page.getByRole('heading', { name: 'History' }).waitFor();
  const templates = page.getByRole('table', { name: 'Templates' });
  await templates.getByText(/face/i).first().waitFor();
  for (const body of answers) assert.doesNotMatch(body, /(-?\d+\.\d+,\s*){8}/, 'a row of numbers looks like a vector');
  await picture(page, 'subject');
  assert.deepEqual(await serious(page), []);
  assert.equal(await page.evaluate(() => window.__xss), undefined);
});

test('a consent is withdrawn, and the history says so', async () => {
  await page.getByRole('button', { name: 'Withdraw storage' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Withdraw', exact: true }).click();
  await page.getByText('Storage withdrawn').waitFor();
  const { body } = await byKey('GET', `/api-consent/consent/${encodeURIComponent(USER)}`);
  assert.deepEqual([body.data.authorization, body.data.storage], [true, false]);
});

test('erased after their name was typed; the receipt is signed and names nobody', async () => {
  await page.getByRole('button', { name: 'Erase', exact: true }).click();
  const dialog = page.getByRole('dialog');
  assert.ok(await dialog.getByRole('button', { name: 'Erase for good' }).isDisabled());
  await dialog.getByRole('textbox').fill(USER);
  await dialog.getByRole('button', { name: 'Erase for good' }).click();
  await page.getByTestId('receipt').waitFor();
  await dialog.waitFor({ state: 'detached' });
  await page.getByTestId('signature').getByText('The signature is genuine').waitFor();
  await picture(page, 'subject-erased');
  assert.deepEqual(await serious(page), []);
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /signed receipt/ }).click()]);
  const path = await file.path();
  const receipt = await readFile(path, 'utf8');
  assert.ok(!receipt.includes('mai '));
  kept = JSON.parse(receipt);
  const keys = await byKey('GET', '/api-projects/keys');
  assert.ok(keys.body.keys.length > 0);
  assert.match(JSON.parse(receipt).signature, /^[\w-]+\.[\w-]+\.[\w-]+$/);
  await page.getByText('Nothing biometric is enrolled.').waitFor();
  const left = await byKey('GET', `/api-consent/consent/${encodeURIComponent(USER)}`);
  assert.equal(left.status, 404);
  assert.deepEqual(page.faults, []);
});

test('a stored receipt is verified again, and a changed one is rejected', async () => {
  await page.goto(`${world.url}/dashboard${inProject('/subjects')}`);
  const file = (receipt) => ({ name: 'receipt.json', mimeType: 'application/json', buffer: Buffer.from(receipt) });
  const choose = (receipt) => page.getByLabel('Receipt', { exact: true }).setInputFiles(file(receipt));
  await choose(JSON.stringify(kept));
  await page.getByTestId('signature').getByText('The signature is genuine').waitFor();
  await choose(JSON.stringify({ ...kept, erased_at: '2020-01-01T00:00:00Z' }));
  await page.getByTestId('signature').getByText('the receipt says something else than what was signed').waitFor();
  await picture(page, 'receipt-changed');
  await choose('<b>no receipt</b>');
  await page.getByRole('alert').getByText('This file is no receipt of an erasure.').waitFor();
  assert.deepEqual(await serious(page), []);
  assert.deepEqual(page.faults, []);
});
