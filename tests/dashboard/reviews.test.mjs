// The review workspace: the queue, a claim, a decision, and two reviewers at once.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { api, signIn } from './api.mjs';
import { agree, as, byKey, goto, inProject, launch, PASSWORD, picture, serious, video, world } from './world.mjs';

const USER = `rita.${Date.now()}@example.org`;
const project = () => ({ 'x-project-id': world.project });
const review = (id) => `/api-transactions/transactions/${id}/review`;
const REJECT = { decision: 'reject', reason: 'different_person' };

let browser, first, second, third;
const session = {};
before(async () => {
  browser = await launch();
  await agree(USER);
  // Two places far apart: a fraud rule asks for a review whatever the verdict is.
  const located = (lat, lng, country) => ({ headers: { 'x-geo-location': JSON.stringify({ lat, lng, country }) } });
  await video(USER, 'still.mp4', located(52.52, 13.4, 'DE'));
  first = (await video(USER, 'speaker_crop.mp4', located(-33.87, 151.2, 'AU'))).id;
  second = (await video(USER, 'still.mp4', located(52.52, 13.4, 'DE'))).id;
  third = (await video(USER, 'still.mp4', located(-33.87, 151.2, 'AU'))).id;
  for (const role of ['owner', 'admin', 'fraud_analyst', 'viewer', 'developer'])
    session[role] = await signIn(world.url, world.people[role], PASSWORD);
  for (const id of [first, second, third]) await reviewed(id);
});
after(() => browser.close());

/** Waits until a transaction is under review. */
async function reviewed(id) {
  const end = Date.now() + 90_000;
  for (;;) {
    const { status } = await api(session.owner, 'GET', review(id), undefined, project());
    if (status === 200) return;
    assert.ok(Date.now() < end, `${id} is not under review: ${status}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const item = (page, id) => page.locator(`[data-testid="review-item"][data-id="${id}"]`);
const panel = (page) => page.getByTestId('review');

test('the queue by keyboard: next, claim, reject with a reason and a note', async () => {
  const page = await as(browser, 'fraud_analyst', inProject('/reviews'));
  await item(page, first).waitFor();
  await item(page, first).click();
  await panel(page).getByText('Fraud rule').first().waitFor();
  await page.getByTestId('decision').waitFor();
  const chosen = () => page.locator('[data-testid="review-item"][aria-current="true"]').getAttribute('data-id');
  assert.equal(await chosen(), first);
  await page.keyboard.press('j');
  await page.waitForURL((url) => !url.search.includes(first));
  await page.keyboard.press('k');
  await page.waitForURL((url) => url.search.includes(first));
  await picture(page, 'reviews');
  assert.deepEqual(await serious(page), []);

  await page.keyboard.press('c');
  await page.waitForURL(/queue=mine/);
  await panel(page).getByText('You hold this review').waitFor();
  await page.keyboard.press('r');
  const dialog = page.getByRole('dialog', { name: 'Reject' });
  await dialog.getByLabel('Reason').selectOption('other');
  await dialog.getByRole('button', { name: 'Reject' }).click();
  await dialog.getByText(/required for this reason/i).waitFor();
  await dialog.getByLabel('Note').fill('The face is not the one of the licence. r a j');
  await picture(page, 'review-reject');
  assert.deepEqual(await serious(page), []);
  await dialog.getByRole('button', { name: 'Reject' }).click();
  await dialog.waitFor({ state: 'detached' });

  await goto(page, inProject(`/reviews?queue=done&id=${first}`));
  await panel(page).getByText('Rejected by').first().waitFor();
  await panel(page).getByText('Farid Analyst').first().waitFor();
  await panel(page).getByText('“The face is not the one of the licence. r a j”').waitFor();
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('the record, the list, the export and the audit log have the decision', async () => {
  const { body } = await byKey('GET', `/api-transactions/transactions/${first}`);
  assert.equal(body.data.review.status, 'rejected');
  assert.equal(body.data.review.decided_by.name, 'Farid Analyst');
  assert.equal(JSON.stringify(body).includes('licence'), false, 'notes are only in the review itself');
  const page = await as(browser, 'viewer', inProject('/transactions?review=rejected'));
  await page.locator(`[data-testid="transaction"][data-id="${first}"]`).getByText('Rejected').waitFor();
  assert.equal(await page.locator(`[data-id="${second}"]`).count(), 0);
  await page.context().close();
  const file = await byKey('GET', '/api-transactions/transactions/export?review=rejected');
  assert.match(file.body.split('\n')[0], /"review_status","review_reason","reviewed_by","reviewed_at","mode"\r?$/);
  assert.match(file.body, /"rejected","other","Farid Analyst",/);
  const audit = await api(session.owner, 'GET', '/api-auth/audit?limit=50');
  const entry = audit.body.entries.find(({ action, target }) => action === 'review.decided' && target === first);
  assert.equal(entry?.actor.name, 'Farid Analyst');
  assert.equal(JSON.stringify(audit.body).includes('licence'), false);
});

test('of two reviewers one wins, and the other reads why', async () => {
  const page = await as(browser, 'fraud_analyst', inProject(`/reviews?id=${second}`));
  await item(page, second).waitFor();
  await page.getByTestId('decision').waitFor();
  await page.keyboard.press('a');
  const dialog = page.getByRole('dialog', { name: 'Approve' });
  await dialog.waitFor();
  const won = await api(session.admin, 'POST', review(second), REJECT, project());
  assert.equal(won.status, 200, JSON.stringify(won.body));
  await dialog.getByRole('button', { name: 'Approve' }).click();
  await dialog.getByText('This review is decided').waitFor();
  await picture(page, 'review-conflict');
  await page.context().close();
  const both = await Promise.all(['admin', 'fraud_analyst'].map((role) => api(session[role], 'POST', review(third), REJECT, project())));
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409]);
});

test('with four eyes another person has to decide the same', async () => {
  const settings = { four_eyes: true, target_minutes: 60, lease_minutes: 10 };
  const path = '/api-projects/review-settings';
  assert.equal((await api(session.owner, 'PUT', path, settings, project())).status, 200);
  try {
    const { id } = await video(USER, 'still.mp4');
    const decide = (role) => api(session[role], 'POST', review(id), REJECT, project());
    assert.equal((await decide('fraud_analyst')).body.data.status, 'second_review');
    assert.equal((await decide('fraud_analyst')).status, 409);
    const page = await as(browser, 'admin', inProject(`/reviews?queue=waiting&id=${id}`));
    await panel(page).getByText('A second person has to decide').waitFor();
    await panel(page).getByRole('button', { name: 'Reject' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Reject' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.context().close();
    const { body } = await api(session.viewer, 'GET', review(id), undefined, project());
    assert.deepEqual([body.data.status, body.data.steps.length, body.data.decided_by.name], ['rejected', 2, 'Adam Admin']);
  } finally {
    await api(session.owner, 'PUT', path, { ...settings, four_eyes: false, target_minutes: 1440 }, project());
  }
});

describe('each role', () => {
  for (const role of ['developer', 'viewer']) {
    test(`${role} reads the queue and decides nothing`, async () => {
      const { id } = await video(USER, 'still.mp4');
      assert.equal((await api(session[role], 'POST', review(id), REJECT, project())).status, 403);
      assert.equal((await api(session[role], 'PUT', `${review(id)}/claim`, undefined, project())).status, 403);
      const settings = { four_eyes: false, target_minutes: 1, lease_minutes: 1 };
      assert.equal((await api(session[role], 'PUT', '/api-projects/review-settings', settings, project())).status, 403);
      const decided = await api(session[role], 'GET', review(first), undefined, project());
      assert.deepEqual([decided.status, decided.body.data.steps[0].note], [200, ''], 'and sees no note');
      const page = await as(browser, role, inProject(`/reviews?queue=done&id=${first}`));
      await panel(page).getByText('Rejected by').first().waitFor();
      await goto(page, inProject(`/transactions/${id}`));
      const approve = panel(page).getByRole('button', { name: 'Approve' });
      await approve.waitFor();
      assert.equal(await approve.getAttribute('aria-disabled'), 'true');
      await approve.press('Enter');
      assert.equal(await page.getByRole('dialog').count(), 0);
      assert.deepEqual(page.faults, []);
      await page.context().close();
    });
  }

  test("another organisation's reviews are not there", async () => {
    const other = await signIn(world.url, world.foreign.owner, PASSWORD);
    const theirs = { 'x-project-id': world.foreign.project };
    assert.equal((await api(other, 'GET', review(first), undefined, theirs)).status, 404);
    assert.equal((await api(other, 'POST', review(first), REJECT, theirs)).status, 404);
    assert.equal((await api(other, 'PUT', `${review(first)}/claim`, undefined, theirs)).status, 404);
    assert.equal((await api(session.owner, 'GET', '/api-transactions/reviews?queue=done', undefined, theirs)).status, 404);
  });
});

test('how a project reviews is set on its page', async () => {
  const page = await as(browser, 'admin', inProject('/settings'));
  const form = page.locator('form', { has: page.getByRole('button', { name: 'Save how reviews are made' }) });
  await form.getByLabel('Target, minutes').fill('0');
  await form.getByRole('button', { name: 'Save how reviews are made' }).click();
  await form.getByText('1 to 129600 minutes').waitFor();
  await form.getByLabel('Target, minutes').fill('240');
  await form.getByRole('button', { name: 'Save how reviews are made' }).click();
  await page.getByText('The settings are saved').waitFor();
  const { body } = await api(session.viewer, 'GET', '/api-projects/review-settings', undefined, project());
  assert.equal(body.data.target_minutes, 240);
  await page.context().close();
});

const KINDS = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};

for (const [kind, options] of Object.entries(KINDS)) {
  test(`readable ${kind}`, async () => {
    const page = await as(browser, 'owner', '/', options);
    for (const part of ['unassigned', 'mine', 'waiting', 'done']) {
      await goto(page, inProject(`/reviews?queue=${part}`));
      await page.locator('#page-title').waitFor();
      await page.waitForFunction(() => !document.querySelector('[role="status"][aria-busy="true"], .mantine-Loader-root'));
      await picture(page, `reviews-${part}-${kind}`);
      assert.deepEqual(await serious(page), [], `${part} ${kind}`);
      const wider = await page.evaluate((width) => document.documentElement.scrollWidth - width, page.viewportSize().width);
      assert.ok(wider <= 0, `${part} ${kind} is ${wider} pixels wider than the window`);
    }
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });
}
