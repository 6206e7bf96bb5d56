// Starts a Biometry server and the example backend beside it, and prints the address. Ctrl-C ends both.
//
//   BIOMETRY=target/release/biometry node examples/start.mjs
//
// Data and the API key stay in EXAMPLE_DATA (target/example), so a second start finds the people of the first.
import { execFile, spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = process.env.EXAMPLE_DATA ?? join(root, 'target/example');
const binary = process.env.BIOMETRY ?? join(root, 'target/release/biometry');
const settings = { ...process.env, BIOMETRY_DATA_DIR: join(folder, 'data') };

const children = [];
function stop(code) {
  for (const child of children) child.kill();
  process.exitCode = code;
}
process.on('SIGINT', () => stop(0));
process.on('SIGTERM', () => stop(0));

/** Starts a program; the match of `line` in what it prints. All end when one does. */
function start(command, args, env, line) {
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return new Promise((found, failed) => {
    let text = '';
    child.stdout.on('data', (part) => {
      text = (text + part).slice(-10_000);
      const match = line.exec(text);
      if (match) found(match[1]);
    });
    child.on('error', failed);
    child.on('exit', (code) => {
      stop(code ?? 1);
      failed(new Error(`${command} ended with ${code}`));
    });
  });
}

/** The API key, made at the first start. It is shown only then, so it is kept. */
async function apiKey() {
  const file = join(folder, 'key.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')).api_key;
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  const args = ['bootstrap', '--organisation', 'Example', '--project', 'Example', '--json'];
  const { stdout } = await promisify(execFile)(binary, args, { cwd: root, env: settings });
  await writeFile(file, stdout, { mode: 0o600 });
  return JSON.parse(stdout).api_key;
}

try {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const key = await apiKey();
  const serve = ['serve', '--listen', process.env.BIOMETRY_ADDRESS ?? '127.0.0.1:0'];
  const address = await start(binary, serve, settings, /listening on (?:http:\/\/)?(\S+)/);
  const env = { ...process.env, BIOMETRY_URL: `http://${address}`, BIOMETRY_API_KEY: key };
  const url = await start(process.execPath, ['examples/backend/server.mjs'], env, /is on (\S+)/);
  console.log(`open ${url} (Biometry is on http://${address}; Ctrl-C ends both)`);
} catch (error) {
  console.error(error.message);
  stop(1);
}
