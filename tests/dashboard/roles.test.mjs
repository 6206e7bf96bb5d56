// Each role tries what it may not do: on the pages, and past them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { api, signIn } from './api.mjs';
import { as, byKey, goto, inProject, launch, PASSWORD, picture, serious, world } from './world.mjs';

let browser, transaction;
before(async () => {
  browser = await launch();
  const made = await byKey('POST', '/api-gateway/sessions/start');
  transaction = made.headers.get('x-request-id');
});
after(() => browser.close());

const NOBODY = '0199f0a0-0000-7000-8000-000000000001';
const RULES = { version: 1, services: {} };

/** Calls by what they take. What is refused to a role must change nothing, so each is one that could do harm. */
const CALLS = {
  'projects.write': [
    ['POST', '/api-projects/projects', { name: 'X' }],
    ['PATCH', () => `/api-projects/projects/${world.second}`, { name: 'X' }],
    ['PUT', '/api-projects/retention', { samples_days: 1, transactions_days: 1 }],
    ['DELETE', '/api-projects/sim-swap'],
    ['PUT', '/api-projects/credits', { prepaid: true }],
    ['POST', '/api-projects/credits/purchases', { amount: 1 }],
  ],
  'transactions.write': [
    ['PUT', () => `/api-transactions/transactions/${transaction}/tags`, { tags: ['mine'] }],
    ['PUT', () => `/api-transactions/transactions/${transaction}/flag?flag=ok`],
  ],
  'samples.read': [['GET', () => `/api-transactions/transactions/${transaction}/samples`]],
  'subjects.read': [['GET', '/api-consent/consents']],
  'subjects.write': [
    ['DELETE', '/api-projects/subjects/nobody'],
    ['POST', '/api-consent/consent', { is_consent_given: false, user_fullname: 'nobody' }],
  ],
  'rules.try': [['POST', '/api-projects/scoring-rules/what-if', { limit: 1 }]],
  'rules.write': [
    ['POST', '/api-projects/scoring-rules', { name: 'x', rules: RULES }],
    ['PUT', '/api-projects/scoring-rules/assignment', { scores_id: null }],
    ['PUT', '/api-projects/scoring-rules/shadow', { scores_id: null }],
  ],
  'keys.read': [['GET', '/api-projects/public/apikeys']],
  'keys.write': [
    ['POST', '/api-projects/public/apikeys', { name: 'x' }],
    ['PATCH', `/api-projects/public/apikeys/${NOBODY}`, { name: 'x' }],
    ['DELETE', `/api-projects/public/apikeys/${NOBODY}`],
  ],
  'keys.mint': [['POST', '/api-projects/public/apikeys', { name: 'x', can_mint: true }]],
  'webhooks.read': [['GET', '/api-gateway/webhooks']],
  'webhooks.write': [['DELETE', `/api-gateway/webhooks/wh_${NOBODY}`]],
  'operations.read': [['GET', '/api-gateway/operations']],
  'audit.read': [['GET', '/api-auth/audit']],
  'users.read': [['GET', '/api-auth/users']],
  'users.write': [
    ['POST', '/api-auth/invitations', { email: 'x@example.org', role: 'viewer' }],
    ['DELETE', `/api-auth/users/${NOBODY}`],
  ],
  'organisation.delete': [['DELETE', '/api-auth/organisation', { name: 'Acme Identity', password: PASSWORD }]],
};

/** What the brief of each role says, written down again: the server's own table is not asked. */
const HELD = {
  viewer: [],
  fraud_analyst: ['transactions.write', 'samples.read', 'subjects.read', 'rules.try'],
  developer: ['rules.try', 'rules.write', 'keys.read', 'keys.write', 'webhooks.read', 'webhooks.write'],
  admin: Object.keys(CALLS).filter((permission) => permission !== 'organisation.delete'),
  owner: Object.keys(CALLS),
};

/** Pages that are hidden from who may not read them, and what it takes. */
const PAGES = {
  Subjects: ['subjects.read', inProject('/subjects')],
  'API keys': ['keys.read', inProject('/keys')],
  Webhooks: ['webhooks.read', inProject('/webhooks')],
  Team: ['users.read', '/team'],
  'Audit log': ['audit.read', '/audit'],
  Operations: ['operations.read', '/operations'],
};

for (const [role, held] of Object.entries(HELD)) {
  describe(role, () => {
    test('past the pages: the server refuses what the role may not, and nothing else', async () => {
      const session = await signIn(world.url, world.people[role], PASSWORD);
      for (const [permission, calls] of Object.entries(CALLS)) {
        for (const [method, path, body] of calls) {
          const at = typeof path === 'function' ? path() : path;
          // The harmless half is left to the other tests: here an admin would really do it.
          if (held.includes(permission) && method !== 'GET' && !at.includes(NOBODY)) continue;
          const { status } = await api(session, method, at, body, { 'x-project-id': world.project });
          if (held.includes(permission))
            assert.ok(status !== 401 && status !== 403 && status < 500, `${role} may ${method} ${at}: ${status}`);
          else assert.equal(status, 403, `${role} may not ${method} ${at}`);
        }
      }
    });

    test('on the pages: what may not be read is not offered, and says so when its address is typed', async () => {
      const page = await as(browser, role);
      const nav = page.getByRole('navigation', { name: 'Main' });
      await nav.getByRole('link', { name: 'Transactions' }).waitFor();
      for (const [name, [permission, path]] of Object.entries(PAGES)) {
        const shown = await nav.getByRole('link', { name, exact: true }).count();
        assert.equal(shown, held.includes(permission) ? 1 : 0, `${name} for ${role}`);
        if (shown) continue;
        await goto(page, path);
        await page.getByText('Your role may not see this').first().waitFor();
      }
      assert.deepEqual(page.faults, []);
      await page.context().close();
    });

    test('on a transaction: tags and flags are for reviewers, and the button says why', async () => {
      const page = await as(browser, role, inProject(`/transactions/${transaction}`));
      const tags = page.getByRole('button', { name: 'Tags' });
      await tags.waitFor();
      if (held.includes('transactions.write')) {
        assert.equal(await tags.getAttribute('aria-disabled'), null);
      } else {
        assert.equal(await tags.getAttribute('aria-disabled'), 'true');
        await tags.hover();
        await page.getByText(/Your role .* may not do this/).waitFor();
        await tags.press('Enter');
        assert.equal(await page.getByRole('dialog').count(), 0);
        assert.deepEqual(await serious(page), []);
        await picture(page, `role-${role}`);
      }
      await page.context().close();
    });
  });
}

test('an admin changes no owner and makes none', async () => {
  const admin = await signIn(world.url, world.people.admin, PASSWORD);
  const { body } = await api(admin, 'GET', '/api-auth/users');
  const owner = body.users.find(({ role }) => role === 'owner');
  assert.equal((await api(admin, 'PATCH', `/api-auth/users/${owner.id}`, { role: 'viewer' })).status, 403);
  assert.equal((await api(admin, 'DELETE', `/api-auth/users/${owner.id}`)).status, 403);
  assert.equal((await api(admin, 'POST', '/api-auth/invitations', { email: 'o@example.org', role: 'owner' })).status, 403);
});

test("another organisation's projects, keys and transactions are not there", async () => {
  const session = await signIn(world.url, world.people.owner, PASSWORD);
  const theirs = { 'x-project-id': world.foreign.project };
  for (const path of [
    '/api-transactions/transactions',
    '/api-projects/public/apikeys',
    '/api-gateway/webhooks',
    '/api-projects/scoring-rules',
  ]) {
    assert.equal((await api(session, 'GET', path, undefined, theirs)).status, 404, path);
  }
  assert.equal((await api(session, 'GET', `/api-projects/projects/${world.foreign.project}`)).status, 404);
  assert.equal((await api(session, 'PATCH', `/api-projects/projects/${world.foreign.project}`, { name: 'x' })).status, 404);
  const page = await as(browser, 'owner', `/p/${world.foreign.project}/keys`);
  await page.getByRole('heading', { name: 'No such page' }).waitFor();
  const other = await signIn(world.url, world.foreign.owner, PASSWORD);
  const ours = { 'x-project-id': world.foreign.project };
  assert.equal((await api(other, 'GET', `/api-transactions/transactions/${transaction}`, undefined, ours)).status, 404);
  assert.equal((await api(other, 'GET', '/api-auth/users')).body.users.length, 1);
});
