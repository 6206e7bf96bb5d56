// A customer's backend: it knows who is signed in, draws the phrase, and asks Biometry with the key only it has.
//
//   BIOMETRY_URL=https://biometry.example.com BIOMETRY_API_KEY=… PORT=3000 node server.mjs
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { BiometrySDK } from 'biometry-sdk';

const { BIOMETRY_URL, BIOMETRY_API_KEY, PORT = '3000' } = process.env;
BiometrySDK.BASE_URL = BIOMETRY_URL;
const biometry = new BiometrySDK(BIOMETRY_API_KEY);

const DIGITS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];
const MAX_VIDEO_BYTES = 50_000_000;
const MAX_FORM_BYTES = MAX_VIDEO_BYTES + 100_000;
const VISIT_MS = 30 * 60_000;
const MAX_VISITS = 10_000;
const FILES = { '/': ['index.html', 'text/html'], '/page.js': ['page.js', 'text/javascript'], '/page.css': ['page.css', 'text/css'] };
/** The page runs its own script and the component of the Biometry server, and nothing else. */
const POLICY = `default-src 'none'; script-src 'self' ${BIOMETRY_URL}; style-src 'self'; connect-src 'self'; img-src data:; media-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** What goes back to the page as an error. */
class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Visits by their secret, which is in a cookie no script can read. A real backend has these in its session store. */
const visits = new Map();

function visitOf(request) {
  const secret = /(?:^|; )visit=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];
  const visit = visits.get(secret);
  if (!visit || visit.ends < Date.now()) throw new Refusal(401, 'this visit has ended; reload the page');
  return visit;
}

/** A phrase nobody could have recorded before. It stays here: what the page sends as the phrase is not believed. */
const drawPhrase = () => Array.from({ length: 5 }, () => DIGITS[randomInt(10)]).join(' ');

/** POST /visits {user, keep}: who is there, and what they agreed to. A real backend takes the user from its own sign-in. */
async function startVisit(request, response) {
  const { user, agreed, keep } = await json(request);
  if (typeof user !== 'string' || user.trim() === '' || user.length > 200) throw new Refusal(400, 'user is missing');
  if (agreed !== true) throw new Refusal(400, 'without consent faces and voices are not processed');
  const sessionId = (await biometry.startSession({ warmup: true })).body.data;
  await biometry.giveAuthorizationConsent(true, user, { sessionId });
  await biometry.giveStorageConsent(keep === true, user, { sessionId });
  for (const [secret, visit] of visits) if (visit.ends < Date.now() || visits.size >= MAX_VISITS) visits.delete(secret);
  const secret = randomUUID();
  const visit = { user, sessionId, phrase: drawPhrase(), answers: new Map(), ends: Date.now() + VISIT_MS };
  visits.set(secret, visit);
  response.setHeader('set-cookie', `visit=${secret}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${VISIT_MS / 1000}`);
  return { phrase: visit.phrase };
}

/** POST /phrases: another phrase for another recording. */
function renewPhrase(request) {
  const visit = visitOf(request);
  visit.phrase = drawPhrase();
  return { phrase: visit.phrase };
}

/** POST /recordings: the form of the component. Its repetitions carry the same key and receive the same decision. */
async function decide(request) {
  const visit = visitOf(request);
  const key = request.headers['idempotency-key'] ?? randomUUID();
  const form = await multipart(request);
  const video = form.get('video');
  if (!(video instanceof File)) throw new Refusal(400, 'video is missing');
  if (!visit.answers.has(key)) visit.answers.set(key, ask(visit, video));
  try {
    return await visit.answers.get(key);
  } catch (error) {
    visit.answers.delete(key);
    throw error;
  }
}

async function ask(visit, video) {
  const { phrase, user, sessionId } = visit;
  const { body, headers } = await biometry.processVideo(video, phrase, user, { sessionId, trigger: 'authentication' });
  // Here a real backend acts on the verdict. The page receives what it shows and no more.
  return {
    verdict: body.scoring_result.status ?? body.scoring_result,
    score: body.score,
    reasons: body.decision_reasons,
    transaction: headers['x-request-id'],
  };
}

/** The body in at most so many bytes. */
async function bytes(request, limit) {
  const parts = [];
  let size = 0;
  for await (const part of request) {
    size += part.length;
    if (size > limit) throw new Refusal(413, 'the recording is too large');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

async function json(request) {
  try {
    return Object(JSON.parse(await bytes(request, 10_000)));
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(400, 'the body is no JSON');
  }
}

async function multipart(request) {
  const body = await bytes(request, MAX_FORM_BYTES);
  const headers = { 'content-type': request.headers['content-type'] ?? '' };
  return new Response(body, { headers }).formData().catch(() => {
    throw new Refusal(400, 'the body is no form');
  });
}

/** The SDK's errors are `Error 403: session has ended`. */
function refusalOf(error) {
  if (error instanceof Refusal) return error;
  const [, status, message] = /^Error (\d{3}): (.*)$/s.exec(error.message) ?? [];
  if (!status) return new Refusal(503, 'Biometry cannot be reached');
  // Our key or our configuration is no business of the page.
  if (status === '401' || status === '403') return new Refusal(500, 'the recording could not be judged');
  return new Refusal(Number(status) >= 500 || status === '429' ? 503 : 422, message);
}

const ROUTES = { 'POST /visits': startVisit, 'POST /phrases': renewPhrase, 'POST /recordings': decide };

async function answer(request, response) {
  const { pathname } = new URL(request.url, 'http://backend');
  const file = request.method === 'GET' ? FILES[pathname] : undefined;
  if (file) {
    const [name, type] = file;
    const text = await readFile(new URL(`public/${name}`, import.meta.url), 'utf8');
    response.setHeader('content-type', `${type}; charset=utf-8`);
    return response.end(text.replaceAll('{{BIOMETRY_URL}}', BIOMETRY_URL));
  }
  const route = ROUTES[`${request.method} ${pathname}`];
  if (!route) throw new Refusal(404, 'no such page');
  const body = JSON.stringify(await route(request, response));
  response.setHeader('content-type', 'application/json');
  response.end(body);
}

if (!BIOMETRY_URL || !BIOMETRY_API_KEY) throw new Error('set BIOMETRY_URL and BIOMETRY_API_KEY');
const server = createServer((request, response) => {
  response.setHeader('content-security-policy', POLICY);
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('permissions-policy', 'camera=(self), microphone=(self)');
  answer(request, response).catch((error) => {
    const refusal = refusalOf(error);
    if (refusal.status >= 500) console.error(error.message);
    response.writeHead(refusal.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: refusal.message }));
    request.resume();
  });
});
server.listen(Number(PORT), '127.0.0.1');
await once(server, 'listening');
console.log(`the example is on http://127.0.0.1:${server.address().port}`);
