// Chromium with a film as its camera, and what every page is held to.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const fixture = (name) => join(root, 'fixtures', name);

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-ui-for-media-stream',
];
const ANY_CAMERA = '--use-fake-device-for-media-stream';

/** A browser, which its test file closes. Flags may name devices of their own. */
export const launch = (...flags) =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...FLAGS, ...(flags.some((flag) => flag.startsWith(ANY_CAMERA)) ? [] : [ANY_CAMERA]), ...flags],
  });

/** Flags under which camera and microphone play a clip; `filter` changes the picture. The files lie in `folder`. */
export function filmed(folder, clip = fixture('speaker_crop.mp4'), filter = '') {
  const [film, sound] = [join(folder, 'camera.mjpeg'), join(folder, 'microphone.wav')];
  const size = 'scale=640:480:force_original_aspect_ratio=decrease,pad=640:480:-1:-1';
  const picture = ['-an', '-vf', filter ? `${size},${filter}` : size, '-r', '25', '-q:v', '3', '-f', 'mjpeg', film];
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', clip, ...picture]);
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', clip, '-vn', '-ac', '1', '-ar', '48000', sound]);
  return [`--use-file-for-fake-video-capture=${film}`, `--use-file-for-fake-audio-capture=${sound}`];
}

/** A page that notes in `faults` what no page may do: fail, call elsewhere, break its policy. */
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1360, height: 860 }, acceptDownloads: true, ...options });
  const page = await context.newPage();
  page.faults = [];
  page.on('pageerror', (error) => page.faults.push(`error: ${error.message}`));
  page.on('console', (line) => {
    if (/Content Security Policy|Refused to/.test(line.text())) page.faults.push(`policy: ${line.text()}`);
  });
  await page.exposeFunction('__breach', (what) => page.faults.push(`policy: ${what}`));
  await page.addInitScript(() =>
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile, lineNumber }) =>
      window.__breach(`${effectiveDirective} ${blockedURI} ${sourceFile}:${lineNumber}`),
    ),
  );
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(url)) page.faults.push(`elsewhere: ${request.url()}`);
  });
  page.setDefaultTimeout(60_000);
  return page;
}

const require = createRequire(import.meta.url);
const AXE = await readFile(require.resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds serious or critical on the page as it is. Run by the debugger, so that the page's policy stays whole. */
export async function serious(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .slice(0, 3)
          .map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary}`)
          .join(' | ')}`,
    );
}

/** Keeps a picture for people to look at, where a folder is named. */
export async function picture(page, name) {
  const folder = process.env.SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  // From the top: what stands still while a page is scrolled would be drawn over its middle.
  const at = await page.evaluate(() => [scrollX, scrollY, scrollTo(0, 0)]);
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  await page.evaluate(([x, y]) => scrollTo(x, y), at);
}
