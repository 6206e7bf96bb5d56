// Getting in, and being kept out.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { accept, api, cookieOf, send, signIn } from './api.mjs';
import { as, enter, goto, inProject, launch, open, PASSWORD, picture, serious, totp, world } from './world.mjs';

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** Somebody new with an account of their own, so that tests do not lock each other out. */
async function somebody(role = 'viewer') {
  const owner = await signIn(world.url, world.people.owner, PASSWORD);
  const email = `new.${Math.random().toString(36).slice(2)}@example.org`;
  const made = await api(owner, 'POST', '/api-auth/invitations', { email, role });
  await accept(world.url, made.body.accept_url.split('#')[1], 'Somebody New', PASSWORD);
  return email;
}

test('the form answers beside the field, and says how to begin', async () => {
  const page = await open(browser);
  await goto(page, '/');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('an email address, as name@example.org').waitFor();
  await page.getByText('your password', { exact: true }).waitFor();
  assert.equal(await page.getByLabel('Email').getAttribute('aria-invalid'), 'true');
  await page.getByRole('button', { name: 'First time here?' }).click();
  await page.getByText('biometry owner --email').waitFor();
  await picture(page, 'sign-in');
  assert.deepEqual(await serious(page), []);
  assert.deepEqual(page.faults, []);
});

test('a wrong password is refused without saying which of the two was wrong', async () => {
  const page = await open(browser);
  for (const email of [await somebody(), 'nobody@example.org']) {
    await goto(page, '/');
    await page.getByLabel('Email').fill(email);
    await page.getByLabel('Password', { exact: true }).fill('not the password');
    await page.getByRole('button', { name: 'Sign in' }).click();
    const said = await page.getByRole('alert').innerText();
    assert.match(said, /wrong/i);
    assert.doesNotMatch(said, /unknown|no such|not found/i);
  }
});

test('one lands where one wanted to, and leaves for good', async () => {
  const page = await open(browser);
  await goto(page, inProject('/keys'));
  await enter(page, 'owner', inProject('/keys'));
  await page.getByRole('heading', { name: 'API keys', level: 1 }).waitFor();
  const [{ value: cookie }] = (await page.context().cookies()).filter(({ name }) => name === '__Host-biometry-session');
  await page.getByRole('button', { name: /Account of/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  const again = await send(world.url, 'GET', '/api-auth/me', undefined, { cookie: `__Host-biometry-session=${cookie}` });
  assert.equal(again.status, 401);
});

test('too many wrong passwords: the page says how long to wait', async () => {
  const email = await somebody();
  const page = await open(browser);
  await goto(page, '/');
  await page.getByLabel('Email').fill(email);
  for (let attempt = 0; attempt < 8; attempt += 1) {
    if (await page.getByRole('button', { name: /^Wait/ }).isVisible()) break;
    await page.getByLabel('Password', { exact: true }).fill(`wrong ${attempt}`);
    const [answer] = await Promise.all([page.waitForResponse(/sign-in/), page.getByRole('button', { name: 'Sign in' }).click()]);
    if (answer.status() === 429) break;
  }
  await page.getByRole('button', { name: /^Wait \d+ s$/ }).waitFor();
  assert.equal((await send(world.url, 'POST', '/api-auth/sign-in', { email, password: PASSWORD })).status, 429);
});

test('the second factor: switched on with a picture drawn here, asked for, and replaced by a recovery code', async () => {
  const email = await somebody();
  const page = await as(browser, email, '/security');
  await page.getByRole('button', { name: 'Switch on' }).click();
  await page.getByLabel('Your password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByTestId('totp-qr').waitFor();
  assert.match(await page.getByTestId('totp-qr').getAttribute('src'), /^data:image\/svg/);
  const secret = await page.getByTestId('secret-totp-secret').innerText();
  await page.getByLabel('Code', { exact: true }).fill('12');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText('the six digits of your app').waitFor();
  await picture(page, 'security-second-factor');
  assert.deepEqual(await serious(page), []);
  await page.getByLabel('Code', { exact: true }).fill(totp(secret));
  await page.getByRole('button', { name: 'Confirm' }).click();
  const [code, other] = (await page.getByTestId('secret-recovery-codes').innerText()).split('\n');
  await page.getByRole('button', { name: 'I have saved them' }).click();

  const fresh = await open(browser);
  const begin = async () => {
    await goto(fresh, '/');
    await fresh.getByLabel('Email').fill(email);
    await fresh.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await fresh.getByRole('button', { name: 'Sign in' }).click();
    await fresh.getByRole('heading', { name: 'Second step' }).waitFor();
  };
  await begin();
  await picture(fresh, 'second-factor');
  assert.equal(await fresh.evaluate(() => fetch('/api-auth/me').then((answer) => answer.status)), 401, 'half open is not in');
  await fresh.getByLabel('Code', { exact: true }).fill('000000');
  await fresh.getByRole('button', { name: 'Continue' }).click();
  await fresh.getByRole('alert').waitFor();
  // The code of the step after: the one of now is used up.
  await fresh.getByLabel('Code', { exact: true }).fill(totp(secret, 1));
  await fresh.getByRole('button', { name: 'Continue' }).click();
  await fresh.locator('#content').waitFor();
  await fresh.context().clearCookies();
  await begin();
  await fresh.getByRole('button', { name: 'Use a recovery code' }).click();
  await fresh.getByLabel('Recovery code').fill(code);
  await fresh.getByRole('button', { name: 'Continue' }).click();
  await fresh.locator('#content').waitFor();
  await fresh.context().clearCookies();
  await begin();
  await fresh.getByRole('button', { name: 'Use a recovery code' }).click();
  await fresh.getByLabel('Recovery code').fill(code);
  await fresh.getByRole('button', { name: 'Continue' }).click();
  await fresh.getByRole('alert').waitFor();
  assert.notEqual(code, other);
});

test('a new password signs out everywhere else', async () => {
  const email = await somebody();
  const elsewhere = await signIn(world.url, email, PASSWORD);
  const page = await as(browser, email, '/security');
  await page.getByLabel('Current password').fill(PASSWORD);
  await page.getByLabel('New password', { exact: true }).fill('short');
  await page.getByLabel('New password again').fill('other');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('at least 12 characters', { exact: true }).waitFor();
  await page.getByText('not the same as above').waitFor();
  await page.getByLabel('New password', { exact: true }).fill('aaaaaaaaaaaaaaaa');
  await page.getByLabel('New password again').fill('aaaaaaaaaaaaaaaa');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText(/among the first that are guessed/).waitFor();
  await page.getByLabel('New password', { exact: true }).fill('nine loud herons');
  await page.getByLabel('New password again').fill('nine loud herons');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('Your password is changed').waitFor();
  assert.equal((await api(elsewhere, 'GET', '/api-auth/me')).status, 401);
  await page.reload();
  await page.getByRole('heading', { name: 'Your security' }).waitFor();
});

test('other sessions are listed and ended', async () => {
  const email = await somebody();
  const elsewhere = await signIn(world.url, email, PASSWORD);
  const page = await as(browser, email, '/security');
  const table = page.getByRole('table', { name: 'Your sessions' });
  await table.getByText('this one').waitFor();
  const others = table.getByRole('button', { name: 'Sign out' });
  // Two others: the one above, and the one that was opened by joining.
  for (let left = await others.count(); left > 0; left -= 1) {
    await others.first().click();
    await page.waitForFunction((count) => document.querySelectorAll('table button').length < count, left);
  }
  assert.equal((await api(elsewhere, 'GET', '/api-auth/me')).status, 401);
});

test('a session that was planted is not the one that is signed in', async () => {
  const email = await somebody();
  const planted = '__Host-biometry-session=planted-by-somebody-else';
  const answer = await send(world.url, 'POST', '/api-auth/sign-in', { email, password: PASSWORD }, { cookie: planted });
  assert.equal(answer.status, 200);
  assert.notEqual(cookieOf(answer), planted);
  assert.equal((await send(world.url, 'GET', '/api-auth/me', undefined, { cookie: planted })).status, 401);
  const flags = answer.headers.getSetCookie().join();
  for (const flag of [/HttpOnly/i, /Secure/i, /SameSite=Strict/i, /Path=\//i]) assert.match(flags, flag);
  assert.doesNotMatch(flags, /Domain=/i);
});

test('changes need the token of the page and its origin', async () => {
  const session = await signIn(world.url, world.people.owner, PASSWORD);
  const change = (headers) =>
    send(world.url, 'PATCH', `/api-projects/projects/${world.second}`, { name: 'Taken over' }, { cookie: session.cookie, ...headers });
  assert.equal((await change({})).status, 403);
  assert.equal((await change({ 'x-csrf-token': 'guessed' })).status, 403);
  assert.equal((await change({ 'x-csrf-token': session.csrf, origin: 'https://evil.example' })).status, 403);
  assert.equal((await change({ 'x-csrf-token': session.csrf, 'sec-fetch-site': 'cross-site' })).status, 403);
  const kept = await api(session, 'GET', `/api-projects/projects/${world.second}`);
  assert.equal(kept.body.name, 'Kiosks');
});

test('a session that has ended says so, and signing in goes on where one was', async () => {
  const page = await as(browser, 'viewer', '/security');
  await page.getByRole('heading', { name: 'Your security' }).waitFor();
  await page.context().clearCookies();
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByText('Your session has ended').waitFor();
  assert.deepEqual(await serious(page), []);
  await page.getByLabel('Email').fill(world.people.viewer);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await page.context().close();
});
