// A customer's backend in TypeScript. That this file compiles shows that the generated answers are typed; that it passes
// shows that the server answers as typed.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import createClient from "openapi-fetch";
import type { operations, paths } from "./schema.d.ts";

/** The names of operations with an untyped JSON body (`any` or `unknown`) among their successful responses. */
type Untyped = {
  [Name in keyof operations]: operations[Name] extends {
    responses: infer Responses;
  }
    ? {
        [Status in keyof Responses]: Status extends 200 | 201 | 202
          ? Responses[Status] extends {
              content: { "application/json": infer Body };
            }
            ? unknown extends Body
              ? Name
              : never
            : never
          : never;
      }[keyof Responses]
    : never;
}[keyof operations];

// The compiler names the untyped operations here.
const everyAnswerIsTyped: [Untyped] extends [never] ? true : Untyped = true;
assert.ok(everyAnswerIsTyped);

const { BASE_URL, API_KEY, VIDEO, PHRASE } = process.env as Record<
  string,
  string
>;
const client = createClient<paths>({
  baseUrl: BASE_URL!,
  headers: { authorization: `Bearer ${API_KEY}` },
});
const USER = "typescript@example.org";

test("a session starts, and an unknown one cannot be ended", async () => {
  const { data, error } = await client.POST("/api-gateway/sessions/start");
  assert.equal(error, undefined);
  const id: string = data!.data;
  assert.match(id, /^sess_/);
  const ended = await client.POST("/api-gateway/sessions/end/{id}", {
    params: { path: { id: "sess_00000000-0000-7000-8000-000000000000" } },
  });
  assert.equal(ended.response.status, 404);
  const message: string = ended.error!.error;
  assert.ok(message.length > 0);
});

test("consents are recorded", async () => {
  for (const path of [
    "/api-consent/consent",
    "/api-consent/strg-consent",
  ] as const) {
    const { data } = await client.POST(path, {
      body: { is_consent_given: true, user_fullname: USER },
    });
    const given: boolean = data!.is_consent_given;
    assert.equal(given, true);
  }
  const wrong = { is_consent_given: true, user_fullname: 7 };
  // @ts-expect-error: the name of the user must be a text.
  const { response } = await client.POST("/api-consent/consent", { body: wrong });
  assert.equal(response.status, 400);
});

test("a video is verified, and its record is read", async () => {
  const form = new FormData();
  form.set(
    "video",
    new Blob([new Uint8Array(await readFile(VIDEO!))], { type: "video/mp4" }),
    "video.mp4",
  );
  form.set("phrase", PHRASE!);
  const { data, response } = await client.POST("/api-gateway/process-video", {
    params: { header: { "x-user-fullname": USER } },
    // The generated type of a file is a text; the form is sent as it is.
    body: form as never,
    bodySerializer: (body: unknown) => body as FormData,
  });
  assert.equal(response.status, 200);
  assert.ok(data && "scoring_result" in data);
  const id = response.headers.get("x-request-id")!;

  const { data: record } = await client.GET(
    "/api-transactions/transactions/{id}",
    { params: { path: { id } } },
  );
  const kind: string = record!.data.kind;
  assert.equal(kind, "process_video");
  // @ts-expect-error: a record has no such field.
  assert.equal(record!.data.knid, undefined);

  const { data: page } = await client.GET("/api-transactions/transactions", {
    params: { query: { limit: 5 } },
  });
  const ids: string[] = page!.data.map((transaction) => transaction.id);
  assert.ok(ids.includes(id));
});

test("a wrong key is refused with a typed error", async () => {
  const stranger = createClient<paths>({
    baseUrl: BASE_URL!,
    headers: { authorization: "Bearer nonsense" },
  });
  const { error, response } = await stranger.GET(
    "/api-transactions/transactions",
  );
  assert.equal(response.status, 401);
  const message: string = error!.error;
  assert.ok(message.length > 0);
});
