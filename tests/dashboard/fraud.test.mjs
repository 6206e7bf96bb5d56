// The fraud page: a face under another name, what calls share, block lists, and who may see whose face it is.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { api, signIn } from './api.mjs';
import { agree, as, byKey, goto, inProject, launch, PASSWORD, picture, serious, video, world } from './world.mjs';

const STEM = Date.now();
const OWNER = `faye.${STEM}@example.org`;
const OTHER = `mallory.${STEM}@example.org`;
const DEVICE = `device-${STEM}`;
const ADDRESS = '203.0.113.77';
const project = () => ({ 'x-project-id': world.project });
const fraud = (session, path, method = 'GET', body = undefined) => api(session, method, `/api-transactions/${path}`, body, project());

let browser, first, second;
const session = {};
before(async () => {
  browser = await launch();
  for (const role of ['owner', 'fraud_analyst', 'developer', 'viewer'])
    session[role] = await signIn(world.url, world.people[role], PASSWORD);
  await agree(OWNER);
  await agree(OTHER);
  const headers = {
    'x-device-info': JSON.stringify({ deviceId: DEVICE, isPhysicalDevice: false }),
    'x-geo-location': JSON.stringify({ lat: 52.52, lng: 13.4, country: 'DE', ip: ADDRESS }),
  };
  first = (await video(OWNER, 'speaker_crop.mp4', { headers })).id;
  second = (await video(OTHER, 'speaker_crop.mp4', { headers })).id;
  for (const id of [first, second]) await flagged(id, 'emulator');
});
after(() => browser.close());

/** Waits until a fraud rule has found something in a call. */
async function flagged(id, rule) {
  const end = Date.now() + 20_000;
  for (;;) {
    const { body } = await fraud(session.owner, `transactions/${id}`);
    if (body.data.fraud.some((hit) => hit.rule === rule)) return body.data;
    assert.ok(Date.now() < end, `${rule} is not found in ${id}: ${JSON.stringify(body.data.fraud)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test('suspicious calls by signal, device, address and country', async () => {
  const page = await as(browser, 'fraud_analyst', inProject('/fraud'));
  await page.locator('[data-signal="emulator"]').waitFor();
  await page.getByTestId('top-device').filter({ hasText: DEVICE }).waitFor();
  await page.getByTestId('top-address').filter({ hasText: ADDRESS }).waitFor();
  await page.getByTestId('top-country').filter({ hasText: 'DE' }).waitFor();
  await page.getByTestId('top-user').filter({ hasText: OWNER }).waitFor();
  await picture(page, 'fraud');
  assert.deepEqual(await serious(page), []);
  await page.locator('[data-signal="emulator"]').getByRole('link').click();
  await page.waitForURL(/fraud=emulator/);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('the links of a call lead to the other user of its device', async () => {
  const page = await as(browser, 'fraud_analyst', inProject(`/transactions/${first}`));
  await page.getByTestId('fraud').getByText('The device reports isphysicaldevice: false').waitFor();
  await page.getByTestId('fraud').getByRole('link', { name: 'Show links' }).first().click();
  const links = page.getByTestId('links');
  await links.locator('[data-kind="user"]').filter({ hasText: OTHER }).first().waitFor();
  await links.locator('[data-kind="device"]').filter({ hasText: DEVICE }).first().waitFor();
  await links.getByRole('img', { name: /users connected by/ }).waitFor();
  await picture(page, 'fraud-links');
  assert.deepEqual(await serious(page), []);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('a device is blocked from the page, found in the next call, and unblocked', async () => {
  const page = await as(browser, 'fraud_analyst', inProject('/fraud'));
  await page.getByRole('button', { name: `Block ${DEVICE}` }).click();
  const dialog = page.getByRole('dialog', { name: 'Block device' });
  await dialog.getByLabel('Note').fill('the same emulator again');
  assert.deepEqual(await serious(page), []);
  await dialog.getByRole('button', { name: 'Block', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  const entry = page.getByTestId('blocked').filter({ hasText: DEVICE });
  await entry.getByText('the same emulator again').waitFor();
  await entry.getByText('Farid Analyst').waitFor();
  await picture(page, 'fraud-blocked');

  const headers = { 'x-device-info': JSON.stringify({ deviceId: DEVICE }) };
  const { id } = await video(OWNER, 'still.mp4', { headers });
  const hit = (await flagged(id, 'blocklisted')).fraud.find(({ rule }) => rule === 'blocklisted');
  assert.deepEqual(hit.evidence.lists, ['device']);
  await goto(page, inProject(`/transactions/${id}`));
  await page.getByTestId('fraud').getByText('Blocked: device').waitFor();

  await goto(page, inProject('/fraud'));
  await entry.getByRole('button', { name: `Unblock ${DEVICE}` }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Unblock' }).click();
  await entry.waitFor({ state: 'detached' });
  assert.deepEqual(page.faults, []);
  await page.context().close();
  const audit = await api(session.owner, 'GET', '/api-auth/audit?limit=50');
  const actions = audit.body.entries.map(({ action }) => action);
  assert.ok(actions.includes('blocklist.added') && actions.includes('blocklist.removed'));
  assert.equal(JSON.stringify(audit.body).includes('the same emulator again'), false);
});

test('an address is typed in, what is none is refused beside its field', async () => {
  const page = await as(browser, 'owner', inProject('/fraud'));
  await page.getByRole('button', { name: 'Add to a block list' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add to a block list' });
  await dialog.getByRole('button', { name: 'Block', exact: true }).click();
  await dialog.getByRole('alert').getByText('Address is required').waitFor();
  await dialog.getByLabel('Address').fill('nowhere');
  await dialog.getByRole('button', { name: 'Block', exact: true }).click();
  await dialog.getByRole('alert').getByText('Value must be an IP address').waitFor();
  await dialog.getByLabel('Address').fill('198.51.100.9');
  await dialog.getByRole('button', { name: 'Block', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByTestId('blocked').filter({ hasText: '198.51.100.9' }).waitFor();
  await page.context().close();
});

describe('each role', () => {
  for (const role of ['viewer', 'developer']) {
    test(`${role} sees counts and neither addresses nor notes, and blocks nothing`, async () => {
      assert.equal((await fraud(session[role], 'blocklist', 'POST', { kind: 'device', value: 'd' })).status, 403);
      const listed = (await fraud(session.owner, 'blocklist')).body.data;
      assert.ok(listed.length > 0);
      assert.equal((await fraud(session[role], `blocklist/${listed[0].id}`, 'DELETE')).status, 403);
      const seen = await fraud(session[role], 'blocklist');
      assert.ok(seen.status === 200 && seen.body.data.every(({ label, note }) => label === '' && note === ''));
      const links = await fraud(session[role], `transactions/${first}/links`);
      assert.equal(links.status, 200);
      assert.ok(!JSON.stringify(links.body).includes(ADDRESS) && !JSON.stringify(links.body).includes(OTHER));
      const page = await as(browser, role, inProject('/fraud'));
      await page.getByTestId('top-address').filter({ hasText: 'Hidden' }).first().waitFor();
      assert.equal(await page.getByText(ADDRESS).count(), 0);
      const add = page.getByRole('button', { name: 'Add to a block list' });
      assert.equal(await add.getAttribute('aria-disabled'), 'true');
      await add.press('Enter');
      assert.equal(await page.getByRole('dialog').count(), 0);
      assert.deepEqual(page.faults, []);
      await page.context().close();
    });
  }

  test("another organisation's calls and lists are not there", async () => {
    const other = await signIn(world.url, world.foreign.owner, PASSWORD);
    const theirs = { 'x-project-id': world.foreign.project };
    const entry = (await fraud(session.owner, 'blocklist')).body.data[0];
    assert.equal((await api(other, 'GET', `/api-transactions/transactions/${first}/links`, undefined, theirs)).status, 404);
    assert.equal((await api(other, 'DELETE', `/api-transactions/blocklist/${entry.id}`, undefined, theirs)).status, 404);
    const body = { kind: 'device', transaction_id: first };
    assert.equal((await api(other, 'POST', '/api-transactions/blocklist', body, theirs)).status, 404);
    assert.deepEqual((await api(other, 'GET', '/api-transactions/blocklist', undefined, theirs)).body.data, []);
  });
});

test('an erased user is in no list of values', async () => {
  const erased = await api(session.owner, 'DELETE', `/api-projects/subjects/${encodeURIComponent(OTHER)}`, undefined, project());
  assert.equal(erased.status, 200, JSON.stringify(erased.body));
  const links = await fraud(session.owner, `transactions/${first}/links`);
  assert.equal(JSON.stringify(links.body).includes(OTHER), false);
  const { body } = await byKey('GET', `/api-transactions/transactions/${second}/links`);
  assert.deepEqual(body.data.nodes, []);
});

const KINDS = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};

for (const [kind, options] of Object.entries(KINDS)) {
  test(`readable ${kind}`, async () => {
    const page = await as(browser, 'owner', inProject(`/fraud?transaction=${first}`), options);
    await page.getByTestId('top-device').first().waitFor();
    await page.getByTestId('links').getByRole('img').waitFor();
    await picture(page, `fraud-${kind}`);
    assert.deepEqual(await serious(page), []);
    const wider = await page.evaluate((width) => document.documentElement.scrollWidth - width, page.viewportSize().width);
    assert.ok(wider <= 0, `${wider} pixels wider than the window`);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });
}
