// What happened: live, filtered, looked into, reviewed.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { api, signIn } from './api.mjs';
import { agree, as, byKey, goto, inProject, launch, PASSWORD, picture, serious, video, world, XSS } from './world.mjs';

const USER = `ana.${Date.now()}@example.org`;
const BERLIN = { lat: 52.52, lng: 13.4, country: 'DE', city: `Berlin ${XSS}` };
const SYDNEY = { lat: -33.87, lng: 151.2, country: 'AU', city: 'Sydney' };
const sentWith = (geo, device) => ({
  'x-geo-location': JSON.stringify(geo),
  'x-device-info': JSON.stringify(device),
  'x-request-tags': 'kiosk,<b onclick=alert(1)>',
});

let browser, page, first, second;
before(async () => {
  browser = await launch();
  await agree(USER);
  first = await video(USER, 'speaker_crop.mp4', { headers: sentWith(BERLIN, { deviceId: 'a1', model: XSS, isPhysicalDevice: false }) });
  second = await video(USER, 'still.mp4', { headers: sentWith(SYDNEY, { deviceId: 'b2', model: 'Pixel 10' }) });
  assert.equal(second.status, 200, JSON.stringify(second.body));
  page = await as(browser, 'owner', inProject('/transactions'));
});
after(() => browser.close());

const row = (id) => page.locator(`[data-testid="transaction"][data-id="${id}"]`);

test('new calls appear automatically', async () => {
  await page.getByTestId('live-state').getByText('Live').waitFor();
  const made = await byKey('POST', '/api-gateway/sessions/start');
  await row(made.headers.get('x-request-id')).waitFor();
});

test('filters are part of the URL: a list can be reloaded and shared', async () => {
  await page.getByLabel('Verdict').selectOption('fail');
  await page.getByLabel('User', { exact: true }).fill(USER);
  await page.waitForURL(/verdict=fail.*user=/);
  await row(second.id).waitFor();
  const other = await as(browser, 'viewer', page.url().replace(`${world.url}/dashboard`, ''));
  await other.locator(`[data-id="${second.id}"]`).waitFor();
  assert.equal(await other.getByLabel('Verdict').inputValue(), 'fail');
  assert.equal(await other.getByLabel('User', { exact: true }).inputValue(), USER);
  for (const verdict of await other.getByTestId('transaction').locator('td:nth-child(2)').allInnerTexts()) assert.match(verdict, /fail/);
  await other.context().close();
  // What does not pass the filters does not come in live either.
  const made = await byKey('POST', '/api-gateway/sessions/start');
  await video(USER, 'still.mp4');
  await page.getByTestId('transaction').nth(1).waitFor();
  assert.equal(await row(made.headers.get('x-request-id')).count(), 0);
  await picture(page, 'transactions-filtered');
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await page.waitForURL(/transactions$/);
});

test('the list as a file holds what the filters let through', async () => {
  await page.goto(`${world.url}/dashboard${inProject(`/transactions?user=${encodeURIComponent(USER)}`)}`);
  await row(first.id).waitFor();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export CSV' }).click()]);
  const lines = (await readFile(await file.path(), 'utf8')).trim().split('\n');
  assert.ok(lines[0].includes('verdict'));
  assert.ok(lines.some((line) => line.includes(first.id)) && lines.every((line, at) => at === 0 || !line.includes('session_start')));
});

test('one call: decision, services with their measures, fraud, device, place, time', async () => {
  await row(second.id).getByRole('link').first().click();
  await page.getByTestId('decision').waitFor();
  for (const name of [
    'Active Speaker Detection',
    'Face Liveness Detection',
    'Visual Speech Recognition',
    'Voice Recognition',
    'Face Recognition',
  ]) {
    await page.getByRole('heading', { name, exact: true }).waitFor();
  }
  const liveness = page.getByTestId('service').filter({ hasText: 'Face Liveness Detection' });
  await liveness.getByRole('button', { name: /measures/ }).click();
  await liveness.getByRole('row').nth(1).waitFor();
  // Why, in one sentence, and each score beside the thresholds it was compared with.
  const headline = page.getByTestId('headline');
  assert.match(await headline.innerText(), /^Rejected: /);
  const { body: reasons } = await byKey('GET', '/api-projects/reasons');
  const { body: record } = await byKey('GET', `/api-transactions/transactions/${second.id}`);
  const decisive = reasons.data.filter(({ code }) => record.data.evidence.decided_by.includes(code));
  const said = (await headline.innerText()).toLowerCase();
  assert.ok(
    decisive.some(({ explanation }) => said.includes(explanation.toLowerCase())),
    said,
  );
  await liveness
    .getByTestId('scale')
    .first()
    .getByText(/Passes from 0\.5/)
    .waitFor();
  for (const { code, title } of decisive)
    assert.equal((await page.locator(`[data-reason="${code}"]`).first().innerText()).toLowerCase(), title.toLowerCase());
  await page.reload();
  await page.getByTestId('fraud').getByText('Impossible travel').waitFor();
  await page.getByTestId('map').waitFor();
  await page.getByText('Pixel 10').first().waitFor();
  await page.getByText('<b onclick=alert(1)>').first().waitFor();
  await picture(page, 'transaction');
  assert.deepEqual(await serious(page), []);
});

test('the phrase that was asked for stands against what was heard, word by word', async () => {
  const { id } = await video(USER, 'speaker_crop.mp4', { phrase: 'nine nine nine nine' });
  await goto(page, inProject(`/transactions/${id}`));
  const phrase = page.getByTestId('phrase');
  await phrase.getByText('nine nine nine nine', { exact: true }).waitFor();
  assert.ok((await phrase.locator('del').count()) > 0, 'what was not said is struck out');
  assert.ok((await phrase.locator('ins').count()) > 0, 'what was said instead is marked');
  assert.deepEqual(await serious(page), []);
});

test('samples are blurred until asked for, and the look is in the audit log', async () => {
  await page.goto(`${world.url}/dashboard${inProject(`/transactions/${first.id}`)}`);
  const seen = async () => {
    const owner = await signIn(world.url, world.people.owner, PASSWORD);
    const { body } = await api(owner, 'GET', '/api-auth/audit?limit=50');
    return body.entries.filter(({ action, target }) => action === 'samples.opened' && target === first.id);
  };
  await page.getByRole('button', { name: 'Look for samples' }).waitFor();
  assert.equal((await seen()).length, 0, 'the page alone is no look at samples');
  await page.getByRole('button', { name: 'Look for samples' }).click();
  const sample = page.getByTestId('sample');
  const clip = sample.locator('video');
  assert.match(await clip.getAttribute('class'), /blurred/);
  await sample.getByTestId('frame').nth(5).waitFor();
  for (const still of await sample.getByTestId('frame').all()) assert.match(await still.getAttribute('class'), /blurred/);
  await picture(page, 'transaction-blurred');
  await sample.getByRole('button', { name: 'Show' }).click();
  assert.doesNotMatch((await clip.getAttribute('class')) ?? '', /blurred/);
  await page.waitForFunction(() => document.querySelector('video').readyState >= 1);

  const frames = sample.getByTestId('frame');
  await frames.nth(5).waitFor();
  const drawn = await frames.evaluateAll((canvases) =>
    canvases.map((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const light = Array.from({ length: data.length / 4 }, (_, at) => data[4 * at] + data[4 * at + 1] + data[4 * at + 2]);
      return {
        wide: canvas.width,
        bright: light.filter((value) => value > 300).length,
        sum: light.reduce((sum, value) => sum + value, 0),
        of: light.length,
      };
    }),
  );
  assert.ok(
    drawn.every(({ wide, bright, of }) => wide === 320 && bright > 0.02 * of && bright < 0.98 * of),
    `pictures of something: ${JSON.stringify(drawn)}`,
  );
  assert.equal(new Set(drawn.map(({ sum }) => sum)).size, drawn.length, 'of another moment each');
  await sample
    .getByRole('button', { name: /^Go to/ })
    .nth(4)
    .click();
  await page.waitForFunction(() => document.querySelector('video').currentTime > 1);
  await clip.evaluate((film) => film.play());
  await page.waitForFunction(() => !document.querySelector('video').paused);
  await clip.evaluate((film) => film.pause());
  await picture(page, 'transaction-frames');
  assert.deepEqual(await serious(page), []);
  await sample.getByRole('button', { name: 'Blur again' }).click();
  assert.match(await clip.getAttribute('class'), /blurred/);
  assert.match(await frames.first().getAttribute('class'), /blurred/);
  assert.equal((await seen())[0]?.actor.name, 'Olivia Owner');
});

test('what somebody sent is text: in names, tags, places and devices', async () => {
  assert.ok((await page.locator('#content').innerText()).includes('<img src=x onerror='));
  assert.equal(await page.evaluate(() => window.__xss), undefined);
  assert.equal(await page.locator('#content img[src="x"]').count(), 0);
  assert.deepEqual(page.faults, []);
});

test('a reviewer tags and flags it, and finds it again by both', async () => {
  const analyst = await as(browser, 'fraud_analyst', inProject(`/transactions/${first.id}`));
  await analyst.getByRole('button', { name: 'Tags' }).click();
  const dialog = analyst.getByRole('dialog');
  await dialog.getByRole('combobox', { name: 'Tags' }).or(dialog.getByLabel('Tags')).first().fill('x'.repeat(101));
  await analyst.keyboard.press('Enter');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog
    .getByText(/100 characters/)
    .nth(1)
    .waitFor();
  await analyst.keyboard.press('Escape');
  await analyst.getByRole('button', { name: 'Tags' }).click();
  await analyst.getByRole('dialog').getByLabel('Tags').first().fill('reviewed');
  await analyst.keyboard.press('Enter');
  await analyst.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await analyst.getByTestId('decision').getByText('reviewed', { exact: true }).waitFor();
  await analyst.getByRole('button', { name: 'Flag' }).click();
  await analyst.getByRole('menuitem', { name: 'Possibly fraudulent' }).click();
  await analyst.getByTestId('decision').getByText('Possibly fraudulent').waitFor();
  await analyst.goto(`${world.url}/dashboard${inProject('/transactions?tag=reviewed&flag=possibly_fraudulent')}`);
  await analyst.locator(`[data-id="${first.id}"]`).waitFor();
  await analyst.context().close();
});

test('what is not there says so, and leads back', async () => {
  const other = await as(browser, 'viewer', inProject('/transactions/0199f0a0-0000-7000-8000-000000000001'));
  await other.getByText('Transaction not found').waitFor();
  assert.match(await other.title(), /^Transaction /);
  await picture(other, 'transaction-missing');
  assert.deepEqual(await serious(other), []);
  await other.locator('#content').getByRole('link', { name: 'Transactions' }).click();
  await other.getByTestId('transaction').first().waitFor();
  await other.context().close();
});

test('related calls lead on', async () => {
  await page.getByRole('table', { name: 'Related transactions' }).locator(`[data-id="${second.id}"]`).getByRole('link').first().click();
  await page.waitForURL(new RegExp(second.id));
});

test('a lost connection is shown and restored automatically without missing calls', async () => {
  await page.goto(`${world.url}/dashboard${inProject('/transactions')}`);
  await page.getByTestId('live-state').getByText('Live').waitFor();
  await page.context().setOffline(true);
  await page.getByTestId('connection-lost').waitFor();
  const made = await byKey('POST', '/api-gateway/sessions/start');
  await picture(page, 'connection-lost');
  assert.deepEqual(await serious(page), []);
  await page.context().setOffline(false);
  await page.getByTestId('connection-lost').waitFor({ state: 'detached' });
  await page.getByTestId('live-state').getByText('Live').waitFor();
  await row(made.headers.get('x-request-id')).waitFor();
});
