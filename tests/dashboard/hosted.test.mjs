// The page of the Identity Verification API: looks as the project chose, and takes a person through to a result.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { filmed } from './chromium.mjs';
import { as, byKey, fixture, inProject, launch, open, picture, serious, world } from './world.mjs';

let browser, folder;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hosted-'));
  browser = await launch(...filmed(folder));
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

test('an owner switches the API on and chooses how its page looks', async () => {
  const page = await as(browser, 'owner', inProject('/settings'));
  await page.getByLabel('Identity Verification API').selectOption({ label: 'On, with consents recorded before' });
  await page.getByRole('tab', { name: 'Node.js' }).last().waitFor();
  await page.getByRole('button', { name: 'Save the APIs' }).click();
  await page.getByText('The APIs are saved').waitFor();
  await page.getByLabel('Company name').fill('Acme <b>Bank</b>');
  await page.getByLabel('Where the person goes afterwards').fill('http://example.org');
  await page.getByRole('button', { name: 'Save the pages' }).click();
  await page.getByText('must be an https URL').waitFor();
  await page.getByLabel('Where the person goes afterwards').fill('');
  await page.getByRole('button', { name: 'Save the pages' }).click();
  await page.getByText('The pages are saved').waitFor();
  assert.deepEqual(await serious(page), []);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('a person agrees, records, photographs a document and sees a result; the key is nowhere', async () => {
  const page = await open(browser, { permissions: ['camera', 'microphone'], viewport: { width: 390, height: 844 }, locale: 'en-GB' });
  await page.goto(`${world.url}/verif/?${new URLSearchParams({ api_key: world.key, user_identifier: 'Page User' })}`);
  const heading = async (name) => {
    await page.getByRole('heading', { name }).waitFor({ timeout: 60_000 });
    assert.deepEqual(await serious(page), [], String(name));
  };
  await heading('Verify your identity');
  assert.ok(!page.url().includes(world.key) && page.url().includes('/verif/?token='), page.url());
  assert.equal(await page.locator('header').innerText(), 'Acme <b>Bank</b>');
  await page.reload();
  await heading('Verify your identity');
  // By the keyboard alone.
  await page.getByRole('checkbox').focus();
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: 'Continue' }).focus();
  await page.keyboard.press('Enter');
  await heading('Record your face');
  await page.evaluate(() => document.querySelector('biometry-scanner').setAttribute('countdown', '0'));
  for (const name of ['Open the camera', 'Record', 'Use this recording']) await page.getByRole('button', { name, exact: true }).click();
  await heading('Photo of your identity document');
  await page.locator('input[type=file]').setInputFiles(fixture('obama.jpg'));
  await page.getByRole('button', { name: 'Continue' }).click();
  await heading(/verified|reviewed|could not be verified/);
  await picture(page, 'verification-page');
  assert.ok(!(await page.content()).includes(world.key));
  assert.deepEqual(page.faults, []);
  const found = await byKey('GET', `/api-transactions/transactions?user=${encodeURIComponent('Page User')}`);
  assert.equal(found.body.data[0].kind, 'idv.submit');
  const token = new URL(page.url()).searchParams.get('token');
  const again = await fetch(`${world.url}/verif/?token=${token}`);
  assert.equal(again.status, 401);
  await page.context().close();
});
