// Webhooks: an endpoint, its secret once, what was sent and answered, sent again.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { as, byKey, inProject, launch, picture, serious, world } from './world.mjs';

let browser, page, receiver, address;
const arrived = [];
let answer = 500;

before(async () => {
  receiver = createServer((request, response) => {
    arrived.push({ id: request.headers['webhook-id'], signature: request.headers['webhook-signature'], own: request.headers['x-own'] });
    response.writeHead(answer, { 'content-type': 'text/html' }).end('<b onclick="window.__xss=1">no</b>');
    request.resume();
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  address = `http://127.0.0.1:${receiver.address().port}/hook`;
  browser = await launch();
  page = await as(browser, 'developer', inProject('/webhooks'));
});
after(async () => {
  await browser.close();
  receiver.closeAllConnections();
  receiver.close();
});

test('an endpoint is made; its secret is shown once', async () => {
  await page.getByRole('button', { name: 'New endpoint' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Create the endpoint' }).click();
  await dialog.getByText('an address that begins with https://').waitFor();
  await dialog.getByText('choose an API key').waitFor();
  await dialog.getByLabel('Address').fill('ftp://example.org');
  await dialog.getByLabel('API key').selectOption({ label: 'first key' });
  await dialog.getByLabel('Custom headers').fill('no header');
  await dialog.getByRole('button', { name: 'Create the endpoint' }).click();
  await dialog.getByText('one on a line, as name: value').last().waitFor();
  await dialog.getByLabel('Address').fill(address);
  await dialog.getByLabel('Custom headers').fill('x-own: mine');
  await dialog.getByLabel('Only these').check();
  await dialog.getByLabel('session.completed').check();
  await picture(page, 'webhook-new');
  assert.deepEqual(await serious(page), []);
  await dialog.getByRole('button', { name: 'Create the endpoint' }).click();
  assert.match(await dialog.getByTestId('secret-secret').innerText(), /^whsec_/);
  await dialog.getByRole('button', { name: 'I have saved it' }).click();
  await page.getByRole('link', { name: address }).click();
  await page.getByRole('heading', { name: address }).waitFor();
});

test('a test event that is not taken is shown with what came back, as text', async () => {
  await page.getByRole('button', { name: 'Send a test event' }).click();
  const entry = page.getByTestId('deliveries').getByRole('button', { name: /webhook\.test/ });
  await entry.filter({ hasText: 'dead' }).waitFor();
  await entry.click();
  const attempts = page.getByRole('table', { name: 'Attempts' });
  await attempts.getByText('500').first().waitFor();
  await attempts.getByText('<b onclick=').first().waitFor();
  assert.match(await page.getByLabel('Request', { exact: true }).innerText(), /webhook\.test/);
  const headers = await page.getByLabel('Request headers').innerText();
  assert.ok(
    headers.startsWith(`POST ${address}`) && headers.includes('x-own: ***') && headers.includes(`webhook-id: ${arrived[0].id}`),
    headers,
  );
  assert.equal(arrived[0].own, 'mine');
  await picture(page, 'webhook-dead');
  assert.deepEqual(await serious(page), []);
});

test('it is sent again, under the same id, once the receiver is well', async () => {
  answer = 200;
  const before = arrived.length;
  await page.getByRole('button', { name: 'Send again' }).click();
  await page
    .getByTestId('deliveries')
    .getByRole('button', { name: /webhook\.test/ })
    .filter({ hasText: 'delivered' })
    .waitFor();
  assert.equal(arrived.length, before + 1);
  assert.equal(arrived.at(-1).id, arrived[0].id);
});

test('a real event of the key arrives', async () => {
  const { body } = await byKey('POST', '/api-gateway/sessions/start');
  await byKey('POST', `/api-gateway/sessions/end/${body.data}`, {}, { 'x-user-fullname': 'hook@example.org' });
  await page.reload();
  await page
    .getByTestId('deliveries')
    .getByRole('button', { name: /session\.completed/ })
    .waitFor();
});

test('the secret is rotated: two sign for a while', async () => {
  await page.getByRole('button', { name: 'Rotate the secret' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate', exact: true }).click();
  assert.match(await page.getByTestId('secret-secret').innerText(), /^whsec_/);
  await page.getByRole('button', { name: 'I have saved it' }).click();
  const before = arrived.length;
  await page.getByRole('button', { name: 'Send a test event' }).click();
  await page.waitForFunction(() => true);
  while (arrived.length === before) await once(receiver, 'request');
  assert.equal(arrived.at(-1).signature.split(' ').length, 2);
});

test('it is paused, changed and removed', async () => {
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText('paused', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Activate' }).click();
  await page.getByText('active', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Change' }).click();
  await page.getByRole('dialog').getByLabel('All events, including future ones').check();
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText('The endpoint is changed').waitFor();
  await page.getByRole('button', { name: 'Remove the endpoint' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByText('No endpoints yet').waitFor();
  assert.equal(await page.evaluate(() => window.__xss), undefined);
  assert.deepEqual(page.faults, []);
});
