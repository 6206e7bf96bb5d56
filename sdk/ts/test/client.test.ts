// A customer's backend in TypeScript. That this file compiles shows that the generated answers are typed; that it passes
// shows that the server answers as typed.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { createBiometryClient, type operations } from "biometry-client";

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

const { BASE_URL, API_KEY, VIDEO, PHRASE } = process.env as Record<string, string>;
const client = createBiometryClient({ baseUrl: BASE_URL!, apiKey: API_KEY! });
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
  for (const path of ["/api-consent/consent", "/api-consent/strg-consent"] as const) {
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
  const video = new Blob([new Uint8Array(await readFile(VIDEO!))], {
    type: "video/mp4",
  });
  const { data, response } = await client.POST("/api-gateway/process-video", {
    params: { header: { "x-user-fullname": USER } },
    body: { video, phrase: PHRASE! },
  });
  assert.equal(response.status, 200);
  assert.ok(data && "scoring_result" in data);
  const id = response.headers.get("x-request-id")!;

  const { data: record } = await client.GET("/api-transactions/transactions/{id}", { params: { path: { id } } });
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
  const stranger = createBiometryClient({
    baseUrl: BASE_URL!,
    apiKey: "nonsense",
  });
  const { error, response } = await stranger.GET("/api-transactions/transactions");
  assert.equal(response.status, 401);
  const message: string = error!.error;
  assert.ok(message.length > 0);
});

test("a busy server is asked again only where a second call cannot count twice", async () => {
  const sent: Request[] = [];
  const busyClient = createBiometryClient({
    baseUrl: BASE_URL!,
    apiKey: API_KEY!,
    fetch: async (request) => {
      sent.push(request);
      const body = JSON.stringify({ error: "busy", code: "busy" });
      return new Response(body, { status: 503, headers: { "retry-after": "0" } });
    },
  });
  const starting = "/api-gateway/sessions/start";
  await busyClient.POST(starting);
  assert.equal(sent.length, 1);
  await busyClient.POST(starting, { params: { header: { "idempotency-key": "a" } } });
  assert.equal(sent.length, 4);
  await busyClient.GET("/api-transactions/transactions");
  assert.equal(sent.length, 7);
});
