// Every page, in light and dark and as wide as a phone: readable by everybody, within the window, by its own scripts alone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { agree, as, goto, inProject, launch, picture, serious, video, world } from './world.mjs';

let browser, transaction;
before(async () => {
  browser = await launch();
  const user = `pages.${Date.now()}@example.org`;
  await agree(user);
  transaction = (
    await video(user, 'speaker_crop.mp4', {
      headers: { 'x-geo-location': JSON.stringify({ lat: -8.05, lng: -34.9, country: 'BR', city: 'Recife' }) },
    })
  ).id;
});
after(() => browser.close());

const PAGES = () => ({
  overview: inProject(''),
  transactions: inProject('/transactions'),
  transaction: inProject(`/transactions/${transaction}`),
  subjects: inProject('/subjects'),
  'try-it': inProject('/try-it'),
  rules: inProject('/rules'),
  'rules-new': inProject('/rules/new'),
  keys: inProject('/keys'),
  webhooks: inProject('/webhooks'),
  credits: inProject('/credits'),
  settings: inProject('/settings'),
  projects: '/projects',
  team: '/team',
  audit: '/audit',
  operations: '/operations',
  security: '/security',
  nowhere: '/nowhere',
});

const KINDS = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  'phone-dark': { colorScheme: 'dark', viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};

for (const [kind, options] of Object.entries(KINDS)) {
  test(`every page ${kind}`, async () => {
    const page = await as(browser, 'owner', '/', options);
    for (const [name, path] of Object.entries(PAGES())) {
      await goto(page, path);
      await page.locator('#page-title').waitFor();
      await page.waitForFunction(() => !document.querySelector('[role="status"][aria-busy="true"], .mantine-Loader-root'));
      if (name === 'overview') await page.locator('[data-testid="chart"] canvas').nth(3).waitFor();
      if (name === 'transaction') await page.getByTestId('map').waitFor();
      await picture(page, `${name}-${kind}`);
      assert.deepEqual(await serious(page), [], `${name} ${kind}`);
      assert.deepEqual(page.faults, [], `${name} ${kind}`);
      const wider = await page.evaluate((width) => document.documentElement.scrollWidth - width, page.viewportSize().width);
      assert.ok(wider <= 0, `${name} ${kind} is ${wider} pixels wider than the window`);
    }
    await page.context().close();
  });
}

test('the policy lets through no style or script but its own, and a breach of it is noticed', async () => {
  const page = await as(browser, 'viewer', '/');
  const policy = (await page.request.get(`${world.url}/dashboard`)).headers()['content-security-policy'];
  assert.doesNotMatch(policy, /unsafe/);
  await page.evaluate(() => {
    document.body.insertAdjacentHTML('beforeend', '<p id="styled" style="color: rgb(1, 2, 3)">x</p>');
    const sheet = document.createElement('style');
    sheet.textContent = '#styled { font-size: 77px }';
    document.head.append(sheet);
    const script = document.createElement('script');
    script.textContent = 'window.__ran = true';
    document.head.append(script);
  });
  const [color, size] = await page.$eval('#styled', (element) => [getComputedStyle(element).color, getComputedStyle(element).fontSize]);
  assert.notEqual(color, 'rgb(1, 2, 3)');
  assert.notEqual(size, '77px');
  assert.equal(await page.evaluate(() => window.__ran), undefined);
  for (const directive of ['style-src-attr', 'style-src-elem', 'script-src-elem'])
    assert.ok(
      page.faults.some((fault) => fault.startsWith(`policy: ${directive} inline`)),
      `${directive}: ${page.faults}`,
    );
});

test('by keyboard alone: skip link, shortcuts, help and palette', async () => {
  const page = await as(browser, 'owner', inProject('/transactions'));
  await page.getByTestId('live-state').waitFor();
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content');
  await page.keyboard.press('Enter');
  await page.keyboard.press('g');
  await page.keyboard.press('k');
  await page.getByRole('heading', { name: 'API keys', level: 1 }).waitFor();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await picture(page, 'shortcuts');
  assert.deepEqual(await serious(page), []);
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.keyboard.press('Control+k');
  await page.getByPlaceholder(/Pages, projects/).fill('webh');
  await picture(page, 'palette');
  assert.deepEqual(await serious(page), []);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Webhooks', level: 1 }).waitFor();
  await page.keyboard.press('Control+k');
  await page.getByPlaceholder(/Pages, projects/).fill(transaction);
  await page.keyboard.press('Enter');
  await page.getByTestId('decision').waitFor();
  assert.deepEqual(page.faults, []);
});

test('light or dark as the system says, until it is chosen, and then kept', async () => {
  const page = await as(browser, 'viewer', '/', { colorScheme: 'dark' });
  const scheme = () => page.evaluate(() => document.documentElement.dataset.mantineColorScheme);
  assert.equal(await scheme(), 'dark');
  await page.getByRole('button', { name: /Account of/ }).click();
  await page.getByText('Light', { exact: true }).click({ force: true });
  await page.waitForFunction(() => document.documentElement.dataset.mantineColorScheme === 'light');
  await page.reload();
  assert.equal(await scheme(), 'light');
});

test('a server that is away is said on the first page too', async () => {
  const page = await as(browser, 'viewer', inProject('/transactions'));
  await page.route('**/api-transactions/transactions?**', (route) => route.abort());
  await page.reload();
  await page.getByText('No connection').waitFor();
  // While the server is away the button stays; once it is back the page recovers without a click, and the button may be gone.
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.unroute('**/api-transactions/transactions?**');
  await page.getByRole('table', { name: 'Transactions' }).waitFor();
});
