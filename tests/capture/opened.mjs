// Shared by the tests: pages with the component, and queries of its state.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPage } from '../dashboard/chromium.mjs';

export const PHRASE = 'one two three four five';

/** A folder for films, removed by what is returned beside it. */
export function filmFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'capture-'));
  return [folder, () => rmSync(folder, { recursive: true })];
}

/** A page whose element has these attributes. `before` runs in the page before its scripts. */
export async function opened(browser, site, attributes = {}, { before, url = site.url, ...options } = {}) {
  const page = await openPage(browser, url, { permissions: ['camera', 'microphone'], ...options });
  if (before) await page.addInitScript(before);
  await page.goto(`${url}/?${new URLSearchParams({ phrase: PHRASE, countdown: '0', ...attributes })}`);
  await page.waitForFunction(() => window.scanner?.state);
  return page;
}

export const press = (page, name) => page.getByRole('button', { name, exact: true }).click();
export const state = (page, name) => page.waitForFunction((wanted) => window.scanner.state === wanted, name);
export const events = (page, type) => page.evaluate((wanted) => window.events.filter((event) => event.type === wanted), type);
export const codes = async (page) => (await events(page, 'error')).map(({ code }) => code);

/** The camera open. */
export async function ready(page) {
  await press(page, 'Open the camera');
  await state(page, 'ready');
}

/** A recording of two seconds, under review. */
export async function reviewed(page) {
  await ready(page);
  await press(page, 'Record');
  await state(page, 'review');
}
