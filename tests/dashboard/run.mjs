// Starts one server with an organisation and somebody of each role, runs the tests against it, and ends with their
// result. `BIOMETRY` names the binary, `SCREENSHOTS` a folder for pictures of every page; arguments choose files of tests, and
// `--split` the deployment in which every service is a process of its own.
import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from './server.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const split = process.argv.includes('--split');
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const files = (await readdir(here))
  .filter((name) => name.endsWith('.test.mjs') && (wanted.length === 0 || wanted.some((word) => name.startsWith(word))))
  .sort();
if (files.length === 0) throw new Error(`no file of tests is called ${wanted.join(' or ')}`);
const server = await start(split ? 'split' : 'embedded');
let code = 1;
try {
  // One file after the other: they share a server, and two cores.
  const run = spawn(process.execPath, ['--test', '--test-reporter=spec', '--test-concurrency=1', ...files], {
    cwd: here,
    stdio: 'inherit',
    env: { ...process.env, WORLD: JSON.stringify(server.world) },
  });
  [code] = await once(run, 'exit');
} finally {
  await server.stop();
}
process.exit(code ?? 1);
