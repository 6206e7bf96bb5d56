// The end of an organisation: asked for twice, then everything is refused and destroyed, with a receipt.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { send, signIn } from './api.mjs';
import { as, goto, launch, PASSWORD, picture, serious, world } from './world.mjs';

const { owner, key } = world.leaving;
let browser, page;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

test('who may not is not offered it', async () => {
  const other = await as(browser, 'admin', '/projects');
  await other.getByRole('heading', { name: 'Projects', level: 1 }).waitFor();
  assert.equal(await other.getByText('Delete the organisation').count(), 0);
  await other.context().close();
});

test('it takes the name and the password', async () => {
  page = await as(browser, owner, '/projects');
  await page.getByRole('button', { name: 'Delete Short Lived' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Delete everything' }).click();
  await dialog.getByText('the name as it stands above').waitFor();
  await dialog.getByLabel(/^Type/).fill('Short Lived');
  await dialog.getByLabel('Your password').fill('not this one');
  await dialog.getByRole('button', { name: 'Delete everything' }).click();
  await dialog.locator('[data-error]').first().waitFor();
  await picture(page, 'organisation-delete');
  assert.deepEqual(await serious(page), []);
});

test('then everything is refused, and the receipt is genuine', async () => {
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Your password').fill(PASSWORD);
  await dialog.getByRole('button', { name: 'Delete everything' }).click();
  await page.getByRole('heading', { name: 'The organisation is deleted' }).waitFor({ timeout: 60_000 });
  await page.getByTestId('signature').getByText('The signature is genuine').waitFor();
  await picture(page, 'organisation-deleted');
  assert.deepEqual(await serious(page), []);
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /signed receipt/ }).click()]);
  assert.doesNotMatch(await readFile(await file.path(), 'utf8'), /Short Lived|Lena/);

  const call = await send(world.url, 'POST', '/api-gateway/sessions/start', undefined, { authorization: `Bearer ${key}` });
  assert.ok(call.status === 401 || call.status === 403, `${call.status}`);
  await assert.rejects(signIn(world.url, owner, PASSWORD));
  await goto(page, '/projects');
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  assert.deepEqual(page.faults, []);
});
