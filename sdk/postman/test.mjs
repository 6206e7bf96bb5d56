// Makes the collection from the server at BASE_URL and sends some of its requests with API_KEY, as Postman would.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import postman from "postman-collection";

const { BASE_URL, API_KEY } = process.env;
const here = dirname(fileURLToPath(import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "biometry-postman-"));
after(() => rm(folder, { recursive: true }));
execFileSync(process.execPath, [join(here, "build.mjs"), BASE_URL, folder], { stdio: "inherit" });
const file = join(folder, "biometry.postman_collection.json");
const collection = new postman.Collection(JSON.parse(await readFile(file, "utf8")));
const requests = [];
collection.forEachItem((item) => requests.push(item));

/** Sends the request of this name with these values of the collection's variables. */
function send(name, variables) {
  const item = requests.find((request) => request.name === name);
  assert.ok(item, `the collection has no request ${name}`);
  const scope = new postman.VariableScope(Object.entries(variables).map(([key, value]) => ({ key, value })));
  const request = new postman.Request(JSON.parse(scope.replaceIn(JSON.stringify(item.request.toJSON()))));
  const token = scope.replaceIn(item.getAuth().parameters().get("token"));
  const headers = new Headers({ authorization: `Bearer ${token}` });
  for (const header of request.headers.filter((one) => !one.disabled)) headers.set(header.key, header.value);
  return fetch(request.url.toString(), { method: request.method, headers });
}

test("every operation of the description is a request", async () => {
  const document = await (await fetch(`${BASE_URL}/openapi.json`)).json();
  const operations = Object.values(document.paths).flatMap((path) => Object.keys(path));
  assert.equal(requests.length, operations.length);
});

test("requests are sent as they are once the variables are set", async () => {
  const variables = { baseUrl: BASE_URL, apiKey: API_KEY };
  const started = await send("Start session", variables);
  assert.equal(started.status, 200);
  assert.match((await started.json()).data, /^sess_/);
  assert.equal((await send("List transactions", variables)).status, 200);
  assert.equal((await send("List transactions", { ...variables, apiKey: "nonsense" })).status, 401);
});
