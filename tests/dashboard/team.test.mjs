// The people of the organisation, and the log of what they change.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { as, enter, launch, open, PASSWORD, picture, serious, world } from './world.mjs';

let browser, owner;
before(async () => {
  browser = await launch();
  owner = await as(browser, 'owner', '/team');
});
after(() => browser.close());

test('invited by a link that is shown once and works once', async () => {
  await owner.getByRole('button', { name: 'Invite' }).click();
  const dialog = owner.getByRole('dialog');
  await dialog.getByLabel('Email').fill('nonsense');
  await dialog.getByRole('button', { name: 'Create the invitation' }).click();
  await dialog.getByText('an email address, as name@example.org').waitFor();
  await dialog.getByLabel('Email').fill('nina@example.org');
  await dialog.getByLabel('Role').selectOption('fraud_analyst');
  await dialog.getByRole('button', { name: 'Create the invitation' }).click();
  const link = await dialog.getByTestId('secret-invitation-link').innerText();
  await picture(owner, 'invitation');
  assert.deepEqual(await serious(owner), []);
  await dialog.getByRole('button', { name: 'Done' }).click();
  await owner.getByRole('table', { name: 'Open invitations' }).getByText('nina@example.org').waitFor();

  const nina = await open(browser);
  await nina.goto(link);
  await nina.getByRole('heading', { name: 'Welcome to Biometry' }).waitFor();
  assert.ok(!nina.url().includes('#'), 'the token does not stay in the address');
  await nina.getByLabel('Your name').fill('Nina New');
  await nina.getByLabel('Password', { exact: true }).fill('short');
  await nina.getByLabel('Password again').fill('other');
  await nina.getByRole('button', { name: 'Create account' }).click();
  await nina.getByText('at least 12 characters', { exact: true }).waitFor();
  await nina.getByText('not the same as above').waitFor();
  await picture(nina, 'accept');
  assert.deepEqual(await serious(nina), []);
  await nina.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await nina.getByLabel('Password again').fill(PASSWORD);
  await nina.getByRole('button', { name: 'Create account' }).click();
  await nina.getByRole('button', { name: /Account of Nina New/ }).waitFor();

  const late = await open(browser);
  await late.goto(link);
  await late.getByLabel('Your name').fill('Somebody Else');
  await late.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await late.getByLabel('Password again').fill(PASSWORD);
  await late.getByRole('button', { name: 'Create account' }).click();
  await late.getByRole('alert').waitFor();
});

test('a role is changed and counts at once; who is removed is out', async () => {
  const nina = await open(browser);
  await enter(nina, 'nina@example.org');
  const nav = nina.getByRole('navigation', { name: 'Main' });
  await nav.getByRole('link', { name: 'Subjects' }).waitFor();
  await owner.reload();
  await owner.getByLabel('Role of Nina New').selectOption('developer');
  await owner.getByText('Nina New is developer now').waitFor();
  // What she could do before ends with her session.
  await enter(nina, 'nina@example.org');
  await nav.getByRole('link', { name: 'API keys' }).waitFor();
  assert.equal(await nav.getByRole('link', { name: 'Subjects' }).count(), 0);
  await owner.getByRole('button', { name: 'Remove Nina New' }).click();
  await owner.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
  await owner.getByText('nina@example.org').waitFor({ state: 'detached' });
  await nina.reload();
  await nina.getByRole('heading', { name: 'Sign in' }).waitFor();
});

test('nobody changes their own role', async () => {
  const row = owner.getByRole('row').filter({ hasText: 'owner@example.org' });
  assert.equal(await row.getByRole('combobox').count(), 0);
  await picture(owner, 'team');
});

test('every change is in the audit log, with before and after', async () => {
  await owner.goto(`${world.url}/dashboard/audit`);
  const log = owner.getByTestId('audit');
  const entry = log
    .getByRole('button')
    .filter({ hasText: /role changed/i })
    .first();
  await entry.waitFor();
  await entry.click();
  const item = owner
    .locator('.mantine-Accordion-item')
    .filter({ has: owner.getByRole('button').filter({ hasText: /role changed/i }) })
    .first();
  await item.getByRole('region', { name: 'Before' }).filter({ hasText: 'fraud_analyst' }).waitFor();
  await item.getByRole('region', { name: 'After' }).filter({ hasText: 'developer' }).waitFor();
  assert.match(await entry.innerText(), /Olivia Owner/);
  await picture(owner, 'audit');
  assert.deepEqual(await serious(owner), []);
  assert.deepEqual(owner.faults, []);
});

test('the audit log by project and by what it is about, in the address', async () => {
  const owner = await as(browser, 'owner', '/audit');
  const actions = owner.getByTestId('audit').locator('.mantine-Accordion-control .mantine-Badge-root');
  await owner.getByLabel('About').selectOption('People and sign-ins');
  await owner.waitForURL(/action=user/);
  await owner.getByText('User signed in').first().waitFor();
  for (const action of await actions.allInnerTexts()) assert.match(action, /^User /);
  await owner.getByLabel('About').selectOption('Projects');
  await owner.getByText('Project created').first().waitFor();
  await owner.getByLabel('Project', { exact: true }).selectOption('Kiosks');
  await owner.waitForURL(/action=project&project=/);
  await owner.waitForFunction(() => document.querySelectorAll('[data-testid="audit"] .mantine-Accordion-item').length === 1);
  await owner.reload();
  assert.equal(await owner.getByLabel('About').inputValue(), 'project');
  await owner.getByText('Project created').first().waitFor();
  await owner.getByLabel('About').selectOption('Signing keys');
  await owner.getByText('Nothing of this happened yet').waitFor();
  assert.deepEqual(await serious(owner), []);
  assert.deepEqual(owner.faults, []);
});
