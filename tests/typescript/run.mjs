// Generates a client from the openapi.json of the server at `BASE_URL`, type-checks its use, and runs it with `API_KEY`.
import { execFileSync } from "node:child_process";
import { copyFile, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const tool = (name) => join(here, "node_modules/.bin", name);
const folder = await mkdtemp(join(tmpdir(), "biometry-typescript-"));
try {
  const response = await fetch(`${process.env.BASE_URL}/openapi.json`);
  if (!response.ok) throw new Error(`openapi.json: ${response.status}`);
  await writeFile(join(folder, "openapi.json"), await response.text());
  for (const name of ["package.json", "tsconfig.json", "client.test.ts"])
    await copyFile(join(here, name), join(folder, name));
  await symlink(join(here, "node_modules"), join(folder, "node_modules"));
  const run = (command, ...args) =>
    execFileSync(command, args, { cwd: folder, stdio: "inherit" });
  run(tool("openapi-typescript"), "openapi.json", "--output", "schema.d.ts");
  run(tool("tsc"), "--project", ".");
  run(
    process.execPath,
    "--test",
    "--test-reporter=tap",
    "build/client.test.js",
  );
} finally {
  await rm(folder, { recursive: true });
}
