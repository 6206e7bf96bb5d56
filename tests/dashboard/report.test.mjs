// The report of a month: on the page, as a file, and on paper.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { agree, as, goto, inProject, launch, picture, serious, video, world } from './world.mjs';

const USER = `report.${Date.now()}@example.org`;
let browser;
before(async () => {
  browser = await launch();
  await agree(USER);
  await video(USER, 'speaker_crop.mp4');
  await video(USER, 'still.mp4');
});
after(() => browser.close());

const figure = async (page, name) => {
  const row = page.getByRole('table', { name: 'Totals' }).getByRole('row').filter({ hasText: name });
  return (await row.getByRole('cell').nth(1).innerText()).replaceAll(/\D/g, '');
};

test('the page, the file and the server agree', async () => {
  const page = await as(browser, 'viewer', inProject('/'));
  await page.getByRole('link', { name: 'Monthly report' }).click();
  await page.getByRole('table', { name: 'Totals' }).waitFor();
  const calls = Number(await figure(page, 'Calls'));
  assert.ok(calls >= 2, String(calls));
  const days = page.getByRole('table', { name: 'By day (UTC)' }).getByRole('row');
  assert.equal(await days.count(), new Date().getUTCDate() + 1);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);
  assert.match(download.suggestedFilename(), /^report-\d{4}-\d{2}\.csv$/);
  const file = await readFile(await download.path(), 'utf8');
  assert.match(file, new RegExp(`"Calls","${calls}"\r\n`));
  assert.match(file, /"Day","Calls","Passed","Referred","Failed","Suspicious"/);
  assert.equal(file.includes(USER), false, 'a report names nobody');
  await picture(page, 'report');
  assert.deepEqual(await serious(page), []);
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.getByRole('navigation', { name: 'Main' }).isVisible(), false);
  assert.equal(await page.getByRole('button', { name: 'Print' }).isVisible(), false);
  assert.ok(await page.getByRole('table', { name: 'Totals' }).isVisible());
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

test('a month without calls says so, and one that is none is this month', async () => {
  const page = await as(browser, 'owner', inProject('/report?month=2020-02'));
  await page.getByRole('heading', { name: 'Report for 2020-02' }).waitFor();
  await page.getByText('Nothing in this month').first().waitFor();
  assert.equal(await figure(page, 'Calls'), '0');
  await goto(page, inProject('/report?month=2020-13'));
  await page.getByRole('heading', { name: `Report for ${new Date().toISOString().slice(0, 7)}` }).waitFor();
  assert.deepEqual(page.faults, []);
  await page.context().close();
});

for (const [kind, options] of Object.entries({
  dark: { colorScheme: 'dark' },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
})) {
  test(`readable ${kind}`, async () => {
    const page = await as(browser, 'owner', inProject('/report'), options);
    await page.getByRole('table', { name: 'Totals' }).waitFor();
    assert.deepEqual(await serious(page), []);
    const wider = await page.evaluate((width) => document.documentElement.scrollWidth - width, page.viewportSize().width);
    assert.ok(wider <= 0, `${wider} pixels wider than the window`);
    await page.context().close();
  });
}

test("another organisation's month is not there", async () => {
  const page = await as(browser, world.foreign.owner, inProject('/report'));
  await page.getByRole('heading', { name: 'No such page' }).waitFor();
  await page.context().close();
});
