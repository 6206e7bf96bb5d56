// A server of its own in a temporary folder, and the people who use its dashboard.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { accept, api, signIn } from './api.mjs';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
const binary = process.env.BIOMETRY ?? join(root, 'target/debug/biometry');

export const ROLES = ['owner', 'admin', 'developer', 'fraud_analyst', 'viewer'];
export const PASSWORD = 'seven quiet otters';

/** `{ world, stop }`: the address, a key that can mint, two projects of one organisation, one of another, and the people. */
export async function start() {
  const folder = await mkdtemp(join(tmpdir(), 'biometry-dashboard-'));
  const env = {
    ...process.env,
    BIOMETRY_DATA_DIR: join(folder, 'data'),
    BIOMETRY_TRANSACTIONS__WEBHOOKS__ALLOW_PRIVATE: 'true',
    BIOMETRY_TRANSACTIONS__WEBHOOKS__ALLOW_HTTP: 'true',
    BIOMETRY_TRANSACTIONS__WEBHOOKS__INITIAL_DELAY_MS: '50',
    BIOMETRY_TRANSACTIONS__WEBHOOKS__MAX_DELAY_MS: '200',
  };
  const command = async (...args) => JSON.parse((await promisify(execFile)(binary, [...args, '--json'], { cwd: root, env })).stdout);
  const ours = await command('bootstrap', '--organisation', 'Acme Identity', '--project', 'Onboarding');
  const theirs = await command('bootstrap', '--organisation', 'Somebody else', '--project', 'Elsewhere');
  const invited = await command('owner', '--email', 'owner@example.org', '--organisation-id', ours.organisation_id);
  const foreign = await command('owner', '--email', 'owner@elsewhere.example', '--organisation-id', theirs.organisation_id);
  const server = spawn(binary, ['serve', '--listen', '127.0.0.1:0'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  const url = `http://${await listening(server)}`;
  const people = await invitePeople(url, invited.token);
  await accept(url, foreign.token, 'Otto Other', PASSWORD);
  const owner = await signIn(url, people.owner, PASSWORD);
  const second = await api(owner, 'POST', '/api-projects/projects', { name: 'Kiosks' });
  const world = {
    url,
    key: ours.api_key,
    project: ours.project_id,
    second: second.body.id,
    organisation: ours.organisation_id,
    foreign: { project: theirs.project_id, key: theirs.api_key, owner: 'owner@elsewhere.example' },
    people,
    folder,
    root,
  };
  const stop = async () => {
    server.kill('SIGTERM');
    if (server.exitCode === null) await once(server, 'exit');
    await rm(folder, { recursive: true, force: true });
  };
  return { world, stop };
}

/** The address of the line that says the server is ready. */
function listening(server) {
  return new Promise((found, failed) => {
    let text = '';
    server.stdout.on('data', (part) => {
      text += part;
      const line = /listening on (\S+)/.exec(text);
      if (line) found(line[1]);
    });
    server.on('exit', (code) => failed(new Error(`the server ended with ${code}: ${text}`)));
  });
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
