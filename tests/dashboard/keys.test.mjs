// API keys and projects: made, shown once, used, revoked.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { send } from './api.mjs';
import { as, inProject, launch, picture, serious, world, XSS } from './world.mjs';

let browser, page;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

test('a key is shown once with a command that works, and refused once it is revoked', async () => {
  page = await as(browser, 'owner', inProject('/keys'));
  await page.getByRole('button', { name: 'New key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Create the key' }).click();
  await dialog.getByText('1 to 200 characters, such as where it is used').waitFor();
  await dialog.getByLabel('Name').fill(`kiosk ${XSS}`);
  await dialog.getByLabel('Visual Speech Recognition').uncheck();
  await picture(page, 'key-new');
  await dialog.getByRole('button', { name: 'Create the key' }).click();
  const key = await dialog.getByTestId('secret-key').innerText();
  const code = dialog.getByTestId('secret-code');
  await code.waitFor();
  for (const language of ['curl', 'Node', 'Python', 'PHP', 'Go']) {
    await dialog.getByLabel('Ready to run').selectOption(language);
    const text = await code.innerText();
    for (const part of [world.url, key, '/api-gateway/process-video', '/api-consent/'])
      assert.ok(text.includes(part), `${language} lacks ${part}`);
  }
  await picture(page, 'key-once');
  assert.deepEqual(await serious(page), []);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await dialog.getByRole('button', { name: 'Copy the key' }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), key);
  await dialog.getByRole('button', { name: 'I have saved it' }).click();
  assert.ok(!(await page.content()).includes(key), 'the key is nowhere any more');

  const use = () => send(world.url, 'POST', '/api-gateway/sessions/start', undefined, { authorization: `Bearer ${key}` });
  assert.equal((await use()).status, 200);
  const row = page.getByTestId('key').filter({ hasText: 'kiosk' });
  await row.getByRole('button', { name: /^Revoke/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click();
  await row.getByText('revoked', { exact: true }).waitFor();
  assert.equal((await use()).status, 403);
  assert.equal(await page.evaluate(() => window.__xss), undefined);
  assert.deepEqual(page.faults, []);
});

test('a key in use is changed: its name, services, limit and end', async () => {
  await page.getByRole('button', { name: 'New key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('gate 7');
  await dialog.getByLabel('Rate limit (per minute)').fill('30');
  await dialog.getByRole('button', { name: 'Create the key' }).click();
  await dialog.getByRole('button', { name: 'I have saved it' }).click();
  const row = page.getByTestId('key').filter({ hasText: 'gate 7' });
  await row.getByText('30', { exact: true }).waitFor();
  await row.getByRole('button', { name: 'Change gate 7' }).click();
  assert.equal(await dialog.getByLabel('Rate limit (per minute)').inputValue(), '30');
  await dialog.getByLabel('Name').fill('');
  await dialog.getByLabel('Expires (optional)').fill('2020-01-01T00:00');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await dialog.getByText('1 to 200 characters, such as where it is used').waitFor();
  await dialog.getByText('a time to come, or nothing').waitFor();
  await dialog.getByLabel('Name').fill('gate 8');
  await dialog.getByLabel('Rate limit (per minute)').fill('600');
  await dialog.getByLabel('Voice Recognition').uncheck();
  await dialog.getByLabel('Expires (optional)').fill('2099-12-31T12:00');
  await picture(page, 'key-change');
  assert.deepEqual(await serious(page), []);
  await dialog.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The key is changed').waitFor();
  const changed = page.getByTestId('key').filter({ hasText: 'gate 8' });
  await changed.getByText('600', { exact: true }).waitFor();
  await changed.getByText(/Works until/).waitFor();
  const { body } = await send(world.url, 'GET', '/api-projects/public/apikeys', undefined, { authorization: `Bearer ${world.key}` });
  const kept = body.data.find(({ name }) => name === 'gate 8');
  assert.equal(new Date(kept.expires_at).getFullYear(), 2099);
  assert.ok(!kept.selected_services.includes('Voice Recognition') && kept.selected_services.length === 4);
  await page.reload();
  await changed.waitFor();
  await picture(page, 'keys-several');
});

test('the last key that can mint stays, and the dialog says why', async () => {
  const row = page.getByTestId('key').filter({ hasText: 'first key' });
  await row.getByRole('button', { name: /^Revoke/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click();
  await page.getByRole('dialog').getByRole('alert').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
});

test('a project is made, named, limited and switched to, keeping the page one is on', async () => {
  await page.goto(`${world.url}/dashboard/projects`);
  await page.getByRole('button', { name: 'New project' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill(`Doors ${XSS}`);
  await page.getByRole('dialog').getByRole('button', { name: 'Create the project' }).click();
  await page.getByRole('heading', { name: 'Project settings' }).waitFor();
  const general = page.locator('form').filter({ hasText: 'CORS origins' });
  await general.getByLabel('Name').fill('');
  await general.getByRole('button', { name: 'Save' }).click();
  await general.getByText('a name', { exact: true }).waitFor();
  await general.getByLabel('Name').fill('Doors');
  await general.getByLabel('Rate limit (per minute)').fill('600');
  await general.getByLabel('CORS origins').fill('https://app.example.org');
  await general.getByLabel('CORS origins').press('Enter');
  await general.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The settings are saved').waitFor();
  await page.reload();
  await page.getByText('https://app.example.org').waitFor();
  assert.equal(await page.getByLabel('Rate limit (per minute)').inputValue(), '600');

  const retention = page.locator('form').filter({ hasText: 'Samples, days' });
  await retention.getByLabel('Samples, days').fill('9999');
  await retention.getByRole('button', { name: 'Save the periods' }).click();
  await retention.getByText('0 to 3650 days').waitFor();
  await retention.getByLabel('Samples, days').fill('7');
  await retention.getByRole('button', { name: 'Save the periods' }).click();
  await page.getByText('The periods are saved').waitFor();
  await picture(page, 'settings');

  await page.getByRole('button', { name: /^Project: Doors/ }).click();
  await page.getByRole('menuitem', { name: 'Onboarding' }).click();
  await page.waitForURL(`**${inProject('/settings')}`);
  await page.waitForFunction(() => document.querySelector('form input')?.value === 'Onboarding');
  assert.equal(await page.getByLabel('Samples, days').inputValue(), '30', 'the other project keeps its own');
  assert.deepEqual(page.faults, []);
});

test('the mobile operator is set, shown without its secret, and taken away', async () => {
  await page.goto(`${world.url}/dashboard${inProject('/settings', world.second)}`);
  const form = page.locator('form').filter({ hasText: 'SIM Swap address' });
  await form.getByRole('button', { name: 'Use this operator' }).click();
  await form.getByText('an address that begins with https://').nth(1).waitFor();
  await form.getByLabel('SIM Swap address').fill('https://api.operator.example/sim-swap/v2?x=1');
  await form.getByLabel('Token address').fill('https://api.operator.example/oauth2/token');
  await form.getByLabel('Client ID').fill('door');
  await form.getByLabel('Client secret').fill('very secret');
  await form.getByLabel('A change counts within, hours').fill('9999');
  await form.getByRole('button', { name: 'Use this operator' }).click();
  await form.getByText('1 to 2400 hours').waitFor();
  await form.getByLabel('A change counts within, hours').fill('72');
  await form.getByRole('button', { name: 'Use this operator' }).click();
  await form.getByText('Base_url must not have a query').or(form.getByText('base_url must not have a query')).waitFor();
  await form.getByLabel('SIM Swap address').fill('https://api.operator.example/sim-swap/v2');
  await form.getByRole('button', { name: 'Use this operator' }).click();
  await page.getByText('configured', { exact: true }).waitFor();
  await page.reload();
  await form.getByRole('button', { name: 'Save the operator' }).waitFor();
  assert.equal(await form.getByLabel('A change counts within, hours').inputValue(), '72');
  assert.ok(!(await page.content()).includes('very secret'));
  await picture(page, 'settings-sim-swap');
  assert.deepEqual(await serious(page), []);
  await form.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await form.getByRole('button', { name: 'Use this operator' }).waitFor();
  assert.deepEqual(page.faults, []);
});
