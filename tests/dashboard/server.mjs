// A deployment of its own in a temporary folder, and the people who use its dashboard.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { accept, api, signIn } from './api.mjs';
import { Processes } from './processes.mjs';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
const binary = resolve(process.env.BIOMETRY ?? join(root, 'target/debug/biometry'));

export const ROLES = ['owner', 'admin', 'developer', 'fraud_analyst', 'viewer'];
export const PASSWORD = 'seven quiet otters';

const WEBHOOKS = { ALLOW_PRIVATE: 'true', ALLOW_HTTP: 'true', INITIAL_DELAY_MS: '50', MAX_DELAY_MS: '200' };
// An organisation that is deleted is emptied again as long as a call of it may last.
const GATEWAY = { BIOMETRY_GATEWAY__DELETION_QUIET_SECONDS: '1' };
const SERVICES = ['projects', 'sessions', 'consent', 'ml', 'docauth', 'transactions', 'journeys'];
const TOKEN = 'a-token-only-these-tests-use';
const under = (prefix, settings) => Object.fromEntries(Object.entries(settings).map(([name, value]) => [`${prefix}${name}`, value]));

/** Everything in one process. `env`: settings under which the CLI reaches the deployment. */
async function embedded(processes, folder) {
  const env = { BIOMETRY_DATA_DIR: join(folder, 'data'), ...under('BIOMETRY_TRANSACTIONS__WEBHOOKS__', WEBHOOKS), ...GATEWAY };
  return { env, serve: () => processes.server(binary, ['serve', '--listen', '127.0.0.1:0'], root, { ...process.env, ...env }) };
}

/** Every service in a process of its own, on PostgreSQL and Redis, from the binaries beside `BIOMETRY`. */
async function split(processes, folder) {
  const postgres = await processes.postgres();
  const shared = { BIOMETRY_LISTEN: '127.0.0.1:0', BIOMETRY_SERVICE_TOKEN: TOKEN, BIOMETRY_MODELS: join(root, 'models') };
  const start = (name, env) => processes.server(join(dirname(binary), name), [], folder, { ...process.env, ...shared, ...env });
  const urls = {};
  for (const name of SERVICES) {
    const database = { BIOMETRY_SERVICE__DB__URL: postgres, BIOMETRY_SERVICE__DB__SCHEMA: name };
    urls[`BIOMETRY_URLS__${name.toUpperCase()}`] = await start(`svc-${name}`, {
      ...(name !== 'docauth' && database),
      // One process of each: nobody else has to see its folder.
      ...(name === 'sessions' && { BIOMETRY_SERVICE__BLOB__FOLDER_IS_SHARED: 'true' }),
      ...(name === 'transactions' && { BIOMETRY_SERVICE__SAMPLES__FOLDER_IS_SHARED: 'true' }),
      ...(name === 'transactions' && under('BIOMETRY_SERVICE__WEBHOOKS__', WEBHOOKS)),
    });
  }
  const redis = await processes.redis();
  const env = { BIOMETRY_DATA_DIR: join(folder, 'data'), BIOMETRY_SERVICE_TOKEN: TOKEN, ...urls };
  return { env, serve: () => start('gateway', { ...urls, ...GATEWAY, BIOMETRY_GATEWAY__REDIS_URL: redis }) };
}

/** `{ world, stop }`: the address, a key that can mint, two projects of one organisation, one of another, and the people. */
export async function start(mode) {
  const folder = await mkdtemp(join(tmpdir(), 'biometry-dashboard-'));
  const processes = new Processes();
  const stop = async () => {
    await processes.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const deployment = await (mode === 'split' ? split : embedded)(processes, folder);
    return { world: await settle(deployment, folder), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function settle({ env, serve }, folder) {
  const command = async (...args) =>
    JSON.parse((await promisify(execFile)(binary, [...args, '--json'], { cwd: root, env: { ...process.env, ...env } })).stdout);
  // The tests send the one speaker's clip many times, and are about the pages.
  const again = ['--replays', 'off'];
  const ours = await command('bootstrap', '--organisation', 'Acme Identity', '--project', 'Onboarding', ...again);
  const theirs = await command('bootstrap', '--organisation', 'Somebody else', '--project', 'Elsewhere');
  const leaving = await command('bootstrap', '--organisation', 'Short Lived', '--project', 'Pilot');
  const invited = await command('owner', '--email', 'owner@example.org', '--organisation-id', ours.organisation_id);
  const foreign = await command('owner', '--email', 'owner@elsewhere.example', '--organisation-id', theirs.organisation_id);
  const last = await command('owner', '--email', 'owner@leaving.example', '--organisation-id', leaving.organisation_id);
  const url = await serve();
  const people = await invitePeople(url, invited.token);
  await accept(url, foreign.token, 'Otto Other', PASSWORD);
  await accept(url, last.token, 'Lena Last', PASSWORD);
  const owner = await signIn(url, people.owner, PASSWORD);
  const second = await api(owner, 'POST', '/api-projects/projects', { name: 'Kiosks' });
  return {
    url,
    key: ours.api_key,
    project: ours.project_id,
    second: second.body.id,
    organisation: ours.organisation_id,
    foreign: { project: theirs.project_id, key: theirs.api_key, owner: 'owner@elsewhere.example' },
    leaving: { project: leaving.project_id, key: leaving.api_key, owner: 'owner@leaving.example' },
    people,
    folder,
    root,
  };
}

async function invitePeople(url, token) {
  await accept(url, token, 'Olivia Owner', PASSWORD);
  const people = { owner: 'owner@example.org' };
  const owner = await signIn(url, people.owner, PASSWORD);
  const names = { admin: 'Adam Admin', developer: 'Dana Developer', fraud_analyst: 'Farid Analyst', viewer: 'Vera Viewer' };
  for (const [role, name] of Object.entries(names)) {
    const email = `${role.replace('_', '.')}@example.org`;
    const made = await api(owner, 'POST', '/api-auth/invitations', { email, role });
    await accept(url, made.body.accept_url.split('#')[1], name, PASSWORD);
    people[role] = email;
  }
  return people;
}
