// Makes the Postman collection from the description of a running server: build.mjs BASE_URL OUT. It leaves
// OUT/biometry.postman_collection.json, with the variables baseUrl and apiKey.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import converter from "openapi-to-postmanv2";

const OPTIONS = {
  folderStrategy: "Tags",
  parametersResolution: "Example",
  alwaysInheritAuthentication: true,
  includeWebhooks: false,
};
const DEFAULT_BASE_URL = "http://127.0.0.1:8080";

/** The description as the collection needs it: short names, and no examples of errors, which are the same everywhere. */
function prepare(document) {
  document.servers = [{ url: DEFAULT_BASE_URL }];
  for (const operation of Object.values(document.paths).flatMap((path) => Object.values(path))) {
    operation.description = [operation.summary, operation.description].filter(Boolean).join("\n\n");
    operation.summary = nameOf(operation.operationId);
    for (const { schema } of operation.parameters ?? []) delete schema?.pattern;
    const successes = Object.entries(operation.responses).filter(([status]) => status < "300");
    operation.responses = Object.fromEntries(successes);
  }
  return document;
}

/** `start_session` as `Start session`. */
function nameOf(operationId) {
  const words = operationId.replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}

/** Leaves out what a call may leave out, until somebody ticks it. */
function disableOptional(item, requiredByName) {
  for (const child of item.item ?? []) disableOptional(child, requiredByName);
  const required = requiredByName.get(item.name);
  const parameters = [...(item.request?.header ?? []), ...(item.request?.url?.query ?? [])];
  for (const parameter of parameters) parameter.disabled = !required.has(parameter.key);
}

/** The names of what each request must have. */
function requiredParameters(document) {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  const requiredOf = ({ parameters = [] }) => parameters.filter(({ required }) => required).map(({ name }) => name);
  return new Map(operations.map((one) => [one.summary, new Set([...requiredOf(one), "Accept", "Content-Type"])]));
}

const [baseUrl, out] = process.argv.slice(2);
if (!out) throw new Error("usage: build.mjs BASE_URL OUT");
const response = await fetch(new URL("/openapi.json", baseUrl));
if (!response.ok) throw new Error(`openapi.json: ${response.status}`);
const data = prepare(await response.json());
const converted = await promisify(converter.convertV2)({ type: "json", data }, OPTIONS);
if (!converted.result) throw new Error(converted.reason);
const collection = converted.output[0].data;
disableOptional(collection, requiredParameters(data));
collection.auth = { type: "bearer", bearer: [{ key: "token", value: "{{apiKey}}", type: "string" }] };
collection.variable.push({ key: "apiKey", value: "" });
await mkdir(out, { recursive: true });
await writeFile(join(out, "biometry.postman_collection.json"), JSON.stringify(collection, null, 1));
