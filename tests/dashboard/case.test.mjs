// A person as a case: found by the beginning of their name, what happened to them, their pictures, their documents.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { api, signIn } from './api.mjs';
import { agree, as, byKey, fixture, inProject, launch, PASSWORD, picture, serious, video, world } from './world.mjs';

const STEM = `Casey${Date.now()}`;
const USER = `${STEM}.Petrova@example.org`;

let browser, film, document, owner;
before(async () => {
  browser = await launch();
  owner = await signIn(world.url, world.people.owner, PASSWORD);
  await agree(USER);
  film = (await video(USER, 'speaker_crop.mp4')).id;
  const form = new FormData();
  form.set('document', new Blob([await readFile(fixture('apple.jpg'))]), 'apple.jpg');
  const checked = await byKey('POST', '/api-gateway/docauth/check', form, { 'x-user-fullname': USER });
  assert.equal(checked.status, 200, JSON.stringify(checked.body));
  document = checked.headers.get('x-request-id');
});
after(() => browser.close());

const found = (prefix) =>
  api(owner, 'GET', `/api-projects/subjects?prefix=${encodeURIComponent(prefix)}`, undefined, { 'x-project-id': world.project });

/** Waits until a subject can be searched for: a moment after their first transaction. */
async function searchable() {
  const end = Date.now() + 90_000;
  while (!(await found(STEM)).body.data?.length) {
    assert.ok(Date.now() < end, 'the subject is not found');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test('a person is found by the beginning of their name, in any case, and the search is audited', async () => {
  await searchable();
  const page = await as(browser, 'fraud_analyst', inProject('/subjects'));
  await page.getByLabel('User', { exact: true }).fill('Ca');
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  await page.getByText('at least three characters').waitFor();
  await page.getByLabel('User', { exact: true }).fill(STEM.toUpperCase());
  await page.getByRole('button', { name: 'Search', exact: true }).click();
  const match = page.getByRole('table', { name: 'People found' }).getByRole('link', { name: USER });
  await match.waitFor();
  await picture(page, 'subject-search');
  assert.deepEqual(await serious(page), []);
  await match.click();
  await page.getByTestId('timeline').waitFor();
  await page.context().close();
  const audit = await api(owner, 'GET', '/api-auth/audit?limit=50');
  const entry = audit.body.entries.find(({ action, actor }) => action === 'subjects.searched' && actor.name === 'Farid Analyst');
  assert.ok(entry && !JSON.stringify(entry).toLowerCase().includes(STEM.toLowerCase()));
});

test('who may not see subjects finds none', async () => {
  for (const role of ['viewer', 'developer']) {
    const session = await signIn(world.url, world.people[role], PASSWORD);
    const answer = await api(session, 'GET', `/api-projects/subjects?prefix=${STEM}`, undefined, { 'x-project-id': world.project });
    assert.equal(answer.status, 403, role);
  }
  const other = await signIn(world.url, world.foreign.owner, PASSWORD);
  const theirs = await api(other, 'GET', `/api-projects/subjects?prefix=${STEM}`, undefined, { 'x-project-id': world.foreign.project });
  assert.deepEqual([theirs.status, theirs.body.data], [200, []]);
});

test('the timeline has the decisions, the document and the review, and looking leaves no transaction', async () => {
  const decision = { decision: 'reject', reason: 'forged_document', note: '' };
  const decided = await api(owner, 'POST', `/api-transactions/transactions/${document}/review`, decision, {
    'x-project-id': world.project,
  });
  assert.equal(decided.status, 200, JSON.stringify(decided.body));
  const count = async () => (await byKey('GET', `/api-transactions/transactions?user=${encodeURIComponent(USER)}`)).body.data.length;
  const before = await count();
  const page = await as(browser, 'owner', inProject(`/subjects?user=${encodeURIComponent(USER)}`));
  const timeline = page.getByTestId('timeline');
  await timeline.getByRole('link', { name: 'Process video' }).waitFor();
  await timeline.getByRole('link', { name: 'Docauth check' }).waitFor();
  await timeline.getByText(/Rejected by Olivia Owner/).waitFor();
  const pictures = page.getByTestId('pictures');
  await pictures.getByRole('button', { name: 'Compare pictures' }).click();
  await pictures.getByTestId('sample').nth(1).waitFor();
  assert.match(await pictures.locator('video').getAttribute('class'), /blurred/);
  await picture(page, 'subject-case');
  // The picture of the document, close.
  const sample = pictures
    .getByTestId('sample')
    .filter({ has: page.locator('img') })
    .last();
  await sample.getByRole('button', { name: 'Show' }).click();
  const shown = sample.getByRole('region', { name: 'document of the call, 100 %' });
  await shown.waitFor();
  const width = () => sample.locator('img').evaluate((img) => img.getBoundingClientRect().width);
  const whole = await width();
  await sample.getByRole('button', { name: 'Zoom in' }).click();
  await sample.getByRole('region', { name: 'document of the call, 150 %' }).press('+');
  await sample.getByText('200 %').waitFor();
  assert.ok(Math.abs((await width()) / whole - 2) < 0.1, `${whole} to ${await width()}`);
  await sample.getByRole('button', { name: 'Zoom out' }).click();
  await sample.getByText('150 %').waitFor();
  assert.deepEqual(await serious(page), []);
  assert.deepEqual(page.faults, []);
  await page.context().close();
  assert.equal(await count(), before);
  const audit = await api(owner, 'GET', '/api-auth/audit?limit=50');
  for (const id of [film, document])
    assert.ok(audit.body.entries.some(({ action, target }) => action === 'samples.opened' && target === id));
});

test('a document is a table of checks, each with its evidence and what it decided', async () => {
  for (const options of [{}, { colorScheme: 'dark' }, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }]) {
    const page = await as(browser, 'viewer', inProject(`/transactions/${document}`), options);
    const checks = page.getByRole('table', { name: 'Document checks' });
    await checks.getByRole('row').nth(1).waitFor();
    assert.ok((await checks.getByRole('row').count()) > 5);
    assert.deepEqual(await serious(page), []);
    const wider = await page.evaluate((width) => window.document.documentElement.scrollWidth - width, page.viewportSize().width);
    assert.ok(wider <= 0, `${wider} pixels wider than the window`);
    await page.context().close();
  }
  const page = await as(browser, 'viewer', inProject(`/subjects?user=${encodeURIComponent(USER)}`));
  await page.getByText('Your role may not see this').first().waitFor();
  await page.context().close();
});
