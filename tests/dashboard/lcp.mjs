// Measures the largest contentful paint of pages at a CPU four times as slow, with an empty cache: three loads each, on an idle
// machine. `BIOMETRY` names the binary. Prints a table; asserts nothing, for times depend on the machine.
import { loadavg } from 'node:os';
import { launch, openPage } from './chromium.mjs';
import { PASSWORD, start } from './server.mjs';

const SLOWDOWN = 4;
const LOADS = 3;
const SETTLED_MS = 1000;

async function measure(browser, world, path, session) {
  const page = await openPage(browser, world.url, {});
  if (session) await page.request.post(`${world.url}/api-auth/sign-in`, { data: session });
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWDOWN });
  if (session) await page.addInitScript(() => localStorage.setItem('biometry.signed-in', '1'));
  await page.addInitScript(() => {
    new PerformanceObserver((list) => (window.__lcp = list.getEntries().at(-1).startTime)).observe({
      type: 'largest-contentful-paint',
      buffered: true,
    });
  });
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(`${world.url}/dashboard${path}`);
  await page.locator(session ? '#page-title' : 'form').waitFor();
  await page.waitForLoadState('networkidle');
  await page.waitForFunction(() => window.__lcp > 0);
  // A larger part may still be painted.
  await page.waitForTimeout(SETTLED_MS);
  const lcp = await page.evaluate(() => Math.round(window.__lcp ?? 0));
  await page.context().close();
  return { lcp, requests: asked.length };
}

const server = await start('embedded');
const browser = await launch();
try {
  const { world } = server;
  const answer = await fetch(`${world.url}/api-gateway/sessions/start`, {
    method: 'POST',
    headers: { authorization: `Bearer ${world.key}`, 'x-user-fullname': 'lcp@example.org' },
  });
  const transaction = answer.headers.get('x-request-id');
  const owner = { email: world.people.owner, password: PASSWORD };
  const project = `/p/${world.project}`;
  const pages = [
    ['sign-in', '/', null],
    ['overview', project, owner],
    ['transactions', `${project}/transactions`, owner],
    ['transaction', `${project}/transactions/${transaction}`, owner],
    ['fraud', `${project}/fraud`, owner],
    ['rules', `${project}/rules`, owner],
  ];
  console.log(`load ${loadavg()[0].toFixed(1)}, CPU ${SLOWDOWN}x slower`);
  for (const [name, path, session] of pages) {
    const loads = [];
    for (let at = 0; at < LOADS; at += 1) loads.push(await measure(browser, world, path, session));
    const times = loads.map(({ lcp }) => lcp).sort((a, b) => a - b);
    console.log(`${name.padEnd(14)} LCP ${times.join(', ')} ms, ${loads[0].requests} requests`);
  }
} finally {
  await browser.close();
  await server.stop();
}
