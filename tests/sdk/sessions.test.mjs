import test from 'node:test';
import assert from 'node:assert/strict';
import { BASE_URL, API_KEY, BiometrySDK, sdk, typed, someone } from './client.mjs';
import { ConsentResponse, SessionResponse } from './types.mjs';

test('a client without a key is none', () => {
  assert.throws(() => new BiometrySDK(''), /API Key is required/);
});

test('startSession names a session, warm or not, in either dialect', async () => {
  for (const client of [sdk, typed]) {
    const cold = await client.startSession();
    const warm = await client.startSession({ warmup: true });
    for (const started of [cold, warm]) {
      SessionResponse(started.body);
      assert.match(started.body.data, /^sess_[0-9a-f-]{36}$/);
      assert.match(started.headers['x-request-id'], /^[0-9a-f-]{36}$/);
    }
    assert.notEqual(cold.body.data, warm.body.data);
  }
});

test('endSession ends it once', async () => {
  const { body } = await sdk.startSession();
  const ended = await sdk.endSession(body.data);
  assert.equal(ended.body.message, 'session ended successfully');
  await assert.rejects(sdk.endSession(body.data), /^Error: Error 409: session has ended/);
  await assert.rejects(sdk.endSession('sess_00000000-0000-7000-8000-000000000000'), /^Error: Error 404: /);
  await assert.rejects(sdk.endSession(''), /Session ID is required/);
});

test('endSession with a phone number tells of its SIM', async () => {
  const { body } = await sdk.startSession();
  const ended = await sdk.endSession(body.data, { phoneNumber: '+61400000000' });
  assert.equal(ended.body.message, 'session ended successfully');
  assert.equal(ended.body.data.sim_swap.status, 'not_checked');
  const other = await sdk.startSession();
  await assert.rejects(sdk.endSession(other.body.data, { phoneNumber: '0400 000 000' }), /^Error: Error 400: .*E\.164/);
});

test('both consents are recorded, given and withdrawn', async () => {
  const user = someone();
  const { body: session } = await sdk.startSession();
  const props = { sessionId: session.data, deviceInfo: { os: 'Linux', browser: 'Node' } };
  for (const give of ['giveAuthorizationConsent', 'giveStorageConsent']) {
    for (const given of [true, false]) {
      const recorded = await sdk[give](given, user, props);
      ConsentResponse(recorded.body);
      assert.deepEqual([recorded.body.is_consent_given, recorded.body.user_fullname], [given, user]);
      ConsentResponse((await typed[give](given, user)).body);
    }
    await assert.rejects(sdk[give](true, ''), /User Full Name is required/);
    await assert.rejects(sdk[give](true, someone(), props), /^Error: Error 403: session is bound to another user/);
  }
});

test('keys that are none, revoked keys and absent servers are errors', async () => {
  await assert.rejects(new BiometrySDK('not-a-key').startSession(), /^Error: Error 401: invalid api key/);
  const keys = `${BASE_URL}/api-projects/public/apikeys`;
  const headers = { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json' };
  const made = await fetch(keys, { method: 'POST', headers, body: JSON.stringify({ name: 'short-lived' }) });
  const { data: key } = await made.json();
  await new BiometrySDK(key).startSession();
  const { id } = JSON.parse(Buffer.from(key.split('.')[1], 'base64url'));
  assert.equal((await fetch(`${keys}/${id}`, { method: 'DELETE', headers })).status, 200);
  await assert.rejects(new BiometrySDK(key).startSession(), /^Error: Error 403: api key is not active/);

  BiometrySDK.BASE_URL = 'http://127.0.0.1:1';
  try {
    await assert.rejects(sdk.startSession(), TypeError);
  } finally {
    BiometrySDK.BASE_URL = BASE_URL;
  }
});
