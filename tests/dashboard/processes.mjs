// The processes of a deployment, which end with these tests however these end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const testkit = fileURLToPath(new URL('../../crates/testkit/src', import.meta.url));

/** A started process and the first line it printed. */
async function started(command, args, options) {
  const child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'inherit'] });
  const first = new Promise((found, failed) => {
    let text = '';
    child.stdout.on('data', (part) => {
      text += part;
      if (text.includes('\n')) found(text.split('\n')[0]);
    });
    child.on('error', failed);
    child.on('exit', (code) => failed(new Error(`${command} ${args.join(' ')} ended with ${code}: ${text}`)));
  });
  return { child, line: await first };
}

/** Everything that was started, ended in the opposite order. */
export class Processes {
  #stops = [];

  /** A server of the product; its address. The shell ends it when our pipe ends, which it does with this process. */
  async server(binary, args, cwd, env) {
    const watch = '"$@" & pid=$!; read -r _; kill "$pid"; wait "$pid"';
    const { child, line } = await started('sh', ['-c', watch, 'sh', binary, ...args], { cwd, env });
    this.#ends(child);
    const address = /listening on (?:http:\/\/)?(\S+)/.exec(line)?.[1];
    if (!address) throw new Error(`${binary} printed no address: ${line}`);
    return `http://${address}`;
  }

  /** A throw-away PostgreSQL; its URL. It refuses to run as root, so root becomes the user Debian's package made for it. */
  async postgres() {
    const script = join(testkit, 'postgres.sh');
    const as = process.getuid() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'] : [];
    const [command, ...args] = [...as, 'sh', '-c', await readFile(script, 'utf8')];
    const { child, line } = await started(command, args, {});
    this.#ends(child);
    return `postgres://postgres@localhost/postgres?host=${line}`;
  }

  /** A throw-away Redis; its URL. */
  async redis() {
    const { child, line } = await started('sh', [join(testkit, 'redis.sh')], {});
    this.#ends(child);
    return `redis+unix://${line}/socket`;
  }

  #ends(child) {
    this.#stops.push(async () => {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    });
  }

  async stop() {
    for (const stop of this.#stops.reverse()) await stop();
  }
}
