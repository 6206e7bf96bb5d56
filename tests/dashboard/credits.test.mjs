// Credits: plan, prices and balance of a project, who may change them and who may only see them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { api, signIn } from './api.mjs';
import { as, goto, inProject, launch, PASSWORD, picture, serious, world } from './world.mjs';

const CREDITS = '/api-projects/credits';
const PURCHASES = `${CREDITS}/purchases`;
const PAGE = () => inProject('/credits', world.second);

let browser, owner;
before(async () => {
  browser = await launch();
  owner = await signIn(world.url, world.people.owner, PASSWORD);
});
after(() => browser.close());

const call = (session, method, path, body, project = world.second) => api(session, method, path, body, { 'x-project-id': project });
const plan = async () => (await call(owner, 'GET', CREDITS)).body.data;
const balanceShown = async (page) => (await page.getByTestId('balance').innerText()).replaceAll(/[^\d-]/g, '');

test('a prepaid project without credits says so until credits are added', async () => {
  assert.equal((await plan()).balance, 0);
  const page = await as(browser, 'admin', PAGE());
  await page.getByText('Postpaid', { exact: true }).waitFor();
  await page.getByRole('switch', { name: 'Prepaid' }).click();
  await page.getByLabel('Liveness', { exact: true }).fill('1000001');
  await page.getByRole('button', { name: 'Save plan' }).click();
  await page.getByText(/a whole number from 0 to/).waitFor();
  assert.equal((await plan()).prepaid, false);
  await page.getByLabel('Liveness', { exact: true }).fill('3');
  await page.getByRole('button', { name: 'Save plan' }).click();
  await page.getByText('No credits left').waitFor();
  await picture(page, 'credits-none');
  assert.deepEqual(await serious(page), []);
  await page.getByRole('button', { name: 'Add credits' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add credits' });
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await dialog.getByText(/a whole number from 1 to/).waitFor();
  await dialog.getByLabel('Credits').fill('1000');
  await dialog.getByLabel('Description').fill('Invoice 7');
  assert.deepEqual(await serious(page), []);
  await dialog.getByRole('button', { name: 'Add', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('No credits left').waitFor({ state: 'detached' });
  assert.equal(await balanceShown(page), '1000');
  const { prepaid, prices, balance } = await plan();
  assert.deepEqual({ prepaid, prices, balance }, { prepaid: true, prices: { 'verifik.liveness': 3 }, balance: 1000 });
  await page.reload();
  await page.getByTestId('balance').waitFor();
  assert.equal(await page.getByLabel('Liveness', { exact: true }).inputValue(), '3');
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('a plan that is saved keeps the prices of kinds that the form does not list', async () => {
  const stored = { 'verifik.compare': 2, 'idv.anything': 5 };
  assert.equal((await call(owner, 'PUT', CREDITS, { prepaid: true, prices: stored })).status, 200);
  const page = await as(browser, 'owner', PAGE());
  await page.getByLabel('Idv anything').waitFor();
  await page.getByLabel('Comparison of faces').fill('');
  await page.getByRole('switch', { name: 'Prepaid' }).click();
  await page.getByRole('button', { name: 'Save plan' }).click();
  await page.getByText('Postpaid', { exact: true }).waitFor();
  const { prepaid, prices } = await plan();
  assert.deepEqual({ prepaid, prices }, { prepaid: false, prices: { 'idv.anything': 5 } });
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

describe('each role that may not change projects', () => {
  for (const role of ['developer', 'fraud_analyst', 'viewer']) {
    test(`${role} sees plan and balance, and changes neither`, async () => {
      const session = await signIn(world.url, world.people[role], PASSWORD);
      const before = await plan();
      assert.equal((await call(session, 'PUT', CREDITS, { prepaid: true })).status, 403);
      assert.equal((await call(session, 'POST', PURCHASES, { amount: 5 })).status, 403);
      assert.deepEqual(await plan(), before);
      const page = await as(browser, role, PAGE());
      await page.getByTestId('balance').waitFor();
      assert.equal(await balanceShown(page), String(before.balance));
      const add = page.getByRole('button', { name: 'Add credits' });
      assert.equal(await add.getAttribute('aria-disabled'), 'true');
      await add.press('Enter');
      assert.equal(await page.getByRole('dialog').count(), 0);
      assert.equal(await page.getByRole('button', { name: 'Save plan' }).getAttribute('aria-disabled'), 'true');
      assert.equal(await page.getByRole('switch', { name: 'Prepaid' }).isDisabled(), true);
      assert.deepEqual(page.faults, []);
      await page.context().close();
    });
  }
});

test("another organisation's credits are not there", async () => {
  const other = await signIn(world.url, world.foreign.owner, PASSWORD);
  const before = await plan();
  assert.equal((await call(other, 'GET', CREDITS)).status, 404);
  assert.equal((await call(other, 'POST', PURCHASES, { amount: 5 })).status, 404);
  assert.deepEqual(await plan(), before);
  const page = await as(browser, world.foreign.owner, '/');
  await goto(page, PAGE());
  await page.getByRole('heading', { name: 'No such page' }).waitFor();
  await page.context().close();
});
