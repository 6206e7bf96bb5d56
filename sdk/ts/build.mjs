// Builds the npm package from the description of a running server: build.mjs BASE_URL OUT. It leaves OUT/biometry-client-*.tgz.
import { execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import openapiTypescript, { astToString } from "openapi-typescript";
import ts from "typescript";

const here = dirname(fileURLToPath(import.meta.url));
const SOURCES = ["package.json", "tsconfig.json", "README.md", "LICENSE", "src"];
const BLOB = ts.factory.createTypeReferenceNode("Blob");

/** Files of forms: bytes, which the generator types as text. */
const typeFilesAsBlob = (schema) =>
  schema.format === "binary" || schema.contentMediaType === "application/octet-stream" ? BLOB : undefined;

const [baseUrl, out] = process.argv.slice(2);
if (!out) throw new Error("usage: build.mjs BASE_URL OUT");
const folder = await mkdtemp(join(tmpdir(), "biometry-ts-"));
try {
  for (const name of SOURCES) await cp(join(here, name), join(folder, name), { recursive: true });
  await symlink(join(here, "node_modules"), join(folder, "node_modules"));
  const types = await openapiTypescript(new URL("/openapi.json", baseUrl), { transform: typeFilesAsBlob });
  await writeFile(join(folder, "src/schema.ts"), astToString(types));
  const run = (command, ...args) =>
    execFileSync(command, args, { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  run(join(here, "node_modules/.bin/tsc"), "--project", ".");
  await mkdir(out, { recursive: true });
  run("npm", "pack", "--silent", "--pack-destination", resolve(out));
} finally {
  await rm(folder, { recursive: true });
}
