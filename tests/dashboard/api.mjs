// The API as a program sees it, for arranging tests and for calls that the pages do not offer.

const COOKIE = '__Host-biometry-session';

/** Any call; `{ status, body, headers }`. */
export async function send(url, method, path, body, headers = {}) {
  const json = body === undefined || body instanceof FormData ? {} : { 'content-type': 'application/json' };
  const response = await fetch(url + path, {
    method,
    headers: { ...json, ...headers },
    body: body === undefined ? undefined : body instanceof FormData ? body : JSON.stringify(body),
  });
  const text = await response.text();
  let parsed = text;
  try {
    parsed = JSON.parse(text);
  } catch {
    /* no JSON: the text */
  }
  return { status: response.status, body: parsed, headers: response.headers };
}

export const cookieOf = ({ headers }) =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .find((pair) => pair.startsWith(`${COOKIE}=`)) ?? '';

/** A session of somebody, as `api` takes it. */
export async function signIn(url, email, password) {
  const answer = await send(url, 'POST', '/api-auth/sign-in', { email, password });
  if (answer.status !== 200) throw new Error(`${email} cannot sign in: ${answer.status} ${JSON.stringify(answer.body)}`);
  const cookie = cookieOf(answer);
  const me = await send(url, 'GET', '/api-auth/me', undefined, { cookie });
  return { url, cookie, csrf: me.body.csrf_token, me: me.body };
}

/** A call of somebody who is signed in. */
export const api = (session, method, path, body, headers = {}) =>
  send(session.url, method, path, body, { cookie: session.cookie, ...(method !== 'GET' && { 'x-csrf-token': session.csrf }), ...headers });

export async function accept(url, token, name, password) {
  const answer = await send(url, 'POST', '/api-auth/invitations/accept', { token, name, password });
  if (answer.status !== 200) throw new Error(`the invitation of ${name}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return cookieOf(answer);
}
