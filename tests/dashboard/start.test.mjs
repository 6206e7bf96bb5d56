// Getting started: from the address of the server to the first decision, with code that runs as it is shown.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { api, send, signIn } from './api.mjs';
import { as, enter, fixture, goto, inProject, launch, open, PASSWORD, picture, serious, world } from './world.mjs';

const run = promisify(execFile);
let browser, page, owner, project, folder;
before(async () => {
  browser = await launch();
  owner = await signIn(world.url, world.people.owner, PASSWORD);
  const made = await api(owner, 'POST', '/api-projects/projects', { name: 'First steps' });
  project = made.body.id;
  folder = await mkdtemp(join(tmpdir(), 'biometry-start-'));
  await copyFile(fixture('speaker_crop.mp4'), join(folder, 'video.mp4'));
});
after(async () => {
  await browser.close();
  await rm(folder, { recursive: true });
});

const step = (title) => page.locator(`[data-step="${title}"]`);
const isDone = (title) => page.locator(`[data-step="${title}"][data-done="true"]`).waitFor();

test('the address alone leads to the dashboard', async () => {
  const answer = await fetch(`${world.url}/`, { redirect: 'manual' });
  assert.deepEqual([answer.status, answer.headers.get('location')], [307, '/dashboard']);
});

test('an empty project has a checklist that ticks itself by what the server sees', async () => {
  page = await as(browser, 'owner', inProject('/', project));
  await page.getByTestId('checklist').waitFor();
  for (const title of ['Make a call with an API key', 'Record a consent', 'Judge the first video', 'Add a webhook', 'Choose your rules'])
    assert.equal(await step(title).getAttribute('data-done'), 'false', title);
  await picture(page, 'checklist');
  assert.deepEqual(await serious(page), []);
  const key = await api(
    owner,
    'POST',
    '/api-projects/public/apikeys',
    { name: 'first', scopes: ['capture', 'consent.write', 'webhooks.write'] },
    { 'x-project-id': project },
  );
  assert.equal(key.status, 200, JSON.stringify(key.body));
  const authorization = `Bearer ${key.body.data}`;
  const agreed = { is_consent_given: true, user_fullname: 'first.user' };
  await send(world.url, 'POST', '/api-consent/consent', agreed, { authorization });
  await isDone('Record a consent');
  await isDone('Make a call with an API key');
  assert.equal(await step('Judge the first video').getAttribute('data-done'), 'false');
  await page.getByRole('button', { name: 'Hide the checklist' }).click();
  await page.reload();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  assert.equal(await page.getByTestId('checklist').count(), 0, 'hidden stays hidden');
});

test('the code a new key comes with runs as it is shown, with a test key and without a model', async () => {
  await goto(page, inProject('/keys', project));
  await page.getByRole('button', { name: 'New key' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('pipeline');
  await dialog.getByLabel('Mode').selectOption('test');
  assert.ok(await dialog.getByLabel('records.read').isDisabled(), 'a test key reads nothing live');
  await dialog.getByRole('button', { name: 'Create the key' }).click();
  const shown = async (language) => {
    await dialog.getByLabel('Ready to run').selectOption(language);
    return dialog.getByTestId('secret-code').innerText();
  };
  await writeFile(join(folder, 'flow.sh'), await shown('curl'));
  await writeFile(join(folder, 'flow.mjs'), await shown('Node'));
  await writeFile(join(folder, 'flow.go'), await shown('Go'));
  await writeFile(join(folder, 'flow.py'), await shown('Python'));
  await dialog.getByRole('button', { name: 'I have saved it' }).click();
  const curl = await run('sh', ['flow.sh'], { cwd: folder });
  assert.match(curl.stdout, /"status":"pass"/);
  const node = await run(process.execPath, ['flow.mjs'], { cwd: folder });
  assert.match(node.stdout, /^pass /);
  await run('python3', ['-c', 'import ast; ast.parse(open("flow.py").read())'], { cwd: folder });
  await page.getByTestId('key').filter({ hasText: 'pipeline' }).getByText('test', { exact: true }).waitFor();

  // Test calls are listed as such, and counted nowhere.
  await goto(page, inProject('/transactions', project));
  await page.getByTestId('transaction').first().getByText('Test', { exact: true }).waitFor();
  const hour = 3_600_000;
  const [from, to] = [new Date(Date.now() - hour), new Date(Date.now() + hour)].map((at) => at.toISOString());
  const stats = await api(owner, 'GET', `/api-transactions/stats?from=${from}&to=${to}&bucket=hour`, undefined, {
    'x-project-id': project,
  });
  assert.equal(
    stats.body.buckets.reduce((sum, bucket) => sum + bucket.pass, 0),
    0,
    JSON.stringify(stats.body),
  );
});

test('somebody who is not signed in gets there from the address too', async () => {
  const visitor = await open(browser);
  await visitor.goto(world.url);
  await visitor.getByLabel('Email').waitFor();
  await enter(visitor, 'viewer');
  await visitor.context().close();
});
