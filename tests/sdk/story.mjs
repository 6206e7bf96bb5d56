// The vendor's client as a customer backend would use it: nothing changed but the base URL.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { BiometrySDK } from 'biometry-sdk';

const { BASE_URL, API_KEY, USER_FULLNAME: user, PHRASE: phrase, VIDEO } = process.env;
BiometrySDK.BASE_URL = BASE_URL;
const sdk = new BiometrySDK(API_KEY);
const deviceInfo = { os: 'Linux', browser: 'Node' };

const started = await sdk.startSession({ warmup: true });
const sessionId = started.body.data;
assert.match(sessionId, /^sess_/);
assert.ok(started.headers['x-request-id']);

const authorization = await sdk.giveAuthorizationConsent(true, user, { sessionId, deviceInfo });
assert.equal(authorization.body.is_consent_given, true);
const storage = await sdk.giveStorageConsent(true, user, { sessionId, deviceInfo });
assert.equal(storage.body.user_fullname, user);

const video = new File([await readFile(VIDEO)], 'video.mp4', { type: 'video/mp4' });
const props = { sessionId, deviceInfo, trigger: 'authentication' };
const seen = await sdk.processVideo(video, phrase, user, props);
assert.ok(['pass', 'fail', 'refer'].includes(seen.body.scoring_result.status));
assert.equal(typeof seen.body.score, 'number');
assert.ok(Array.isArray(seen.body.decision_reasons));
for (const service of ['Active Speaker Detection', 'Face Liveness Detection', 'Visual Speech Recognition', 'Voice Recognition', 'Face Recognition']) {
  assert.ok(seen.body.data[service], `${service} is missing`);
}

await assert.rejects(sdk.processVideo(video, phrase, 'somebody.else@example.org', props), /Error 403: session is bound to another user/);
await assert.rejects(new BiometrySDK('not-a-key').startSession(), /Error 401: /);

const ended = await sdk.endSession(sessionId);
assert.equal(ended.body.message, 'session ended successfully');
await assert.rejects(sdk.processVideo(video, phrase, user, props), /session has ended/);
