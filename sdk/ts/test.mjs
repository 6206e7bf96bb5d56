// Installs the package that build.mjs made from the server at BASE_URL into a project of its own, type-checks a customer's
// code against it and runs that code with API_KEY.
import { execFileSync } from "node:child_process";
import { cp, mkdtemp, readdir, rm, symlink, writeFile, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "biometry-ts-test-"));
const run = (command, ...args) => execFileSync(command, args, { cwd: folder, stdio: "inherit" });
try {
  run(process.execPath, join(here, "build.mjs"), process.env.BASE_URL, folder);
  const packed = (await readdir(folder)).find((name) => name.endsWith(".tgz"));
  const installed = join(folder, "node_modules/biometry-client");
  await mkdir(installed, { recursive: true });
  run("tar", "--extract", "--file", packed, "--directory", installed, "--strip-components=1");
  // What `npm install` would bring beside the package, without asking a registry.
  for (const name of ["openapi-fetch", "openapi-typescript-helpers", "@types", "undici-types"])
    await symlink(join(here, "node_modules", name), join(folder, "node_modules", name));
  await cp(join(here, "test/client.test.ts"), join(folder, "client.test.ts"));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
  const options = "--target es2023 --module nodenext --strict --noUncheckedIndexedAccess --types node --outDir build";
  run(join(here, "node_modules/.bin/tsc"), ...options.split(" "), "client.test.ts");
  run(process.execPath, "--test", "--test-reporter=tap", "build/client.test.js");
} finally {
  await rm(folder, { recursive: true });
}
