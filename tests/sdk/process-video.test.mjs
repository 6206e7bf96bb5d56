import test from 'node:test';
import assert from 'node:assert/strict';
import { PHRASE, sdk, typed, fixture, someone, agreed } from './client.mjs';
import { ProcessVideoResponse } from './types.mjs';

const SERVICES = ['Active Speaker Detection', 'Face Liveness Detection', 'Visual Speech Recognition', 'Voice Recognition', 'Face Recognition'];
const RECOGNITION = SERVICES.slice(3);

test('with both consents every service runs, and a first pass enrolls', async () => {
  const user = await agreed(sdk);
  const { body: session } = await sdk.startSession();
  const props = { sessionId: session.data, deviceInfo: { os: 'Linux' }, trigger: 'authentication' };
  const video = await fixture('speaker_crop.mp4');
  const seen = await sdk.processVideo(video, PHRASE, user, props);
  assert.deepEqual(Object.keys(seen.body.data).sort(), [...SERVICES].sort());
  assert.equal(seen.body.scoring_result.status, 'pass', JSON.stringify(seen.body));
  assert.ok(seen.body.score > 1 && seen.body.score <= 100);
  assert.ok(seen.body.decision_reasons.includes('liveness_passed'));
  assert.equal(seen.body.data['Face Liveness Detection'].code, 200);
  assert.equal(seen.headers['x-auto-enroll'], 'true');
  assert.equal(seen.headers['x-removed-services'], undefined);

  const again = await typed.processVideo(video, PHRASE, user);
  ProcessVideoResponse(again.body);
  assert.equal(again.body.scoring_result, 'pass', JSON.stringify(again.body));
  assert.equal(again.body.data['Face Recognition'].code, 0);
  assert.equal(again.body.data['Voice Recognition'].status, 'identified');
  assert.equal(again.headers['x-auto-enroll'], undefined, 'there are templates already');

  await assert.rejects(sdk.processVideo(video, PHRASE, someone(), props), /^Error: Error 403: session is bound to another user/);
  await sdk.endSession(session.data);
  await assert.rejects(sdk.processVideo(video, PHRASE, user, props), /^Error: Error 409: session has ended/);
});

test('without consent, and without a user, nobody is recognised', async () => {
  const video = await fixture('speaker_crop.mp4');
  const unasked = await sdk.processVideo(video, PHRASE, someone());
  const unnamed = await typed.processVideo(video, PHRASE);
  ProcessVideoResponse(unnamed.body);
  for (const seen of [unasked, unnamed]) {
    assert.equal(seen.headers['x-removed-services'], 'true');
    for (const service of RECOGNITION) assert.equal(seen.body.data[service], undefined);
    assert.equal(seen.headers['x-auto-enroll'], undefined);
  }
  await assert.rejects(sdk.processVideo(video, PHRASE), /^Error: Error 400: X-User-Fullname header is required/);
});

test('a still picture is not alive', async () => {
  const seen = await typed.processVideo(await fixture('still.mp4'), PHRASE, someone());
  ProcessVideoResponse(seen.body);
  assert.equal(seen.body.scoring_result, 'fail');
  assert.ok(seen.body.decision_reasons.includes('liveness_failed'), JSON.stringify(seen.body.decision_reasons));
});

test('a file that is missing, too large or no video is reported', async () => {
  const user = someone();
  const video = await fixture('small.mp4');
  await assert.rejects(sdk.processVideo(undefined, PHRASE, user), /Video is required/);
  await assert.rejects(sdk.processVideo(video, '', user), /Phrase is required/);
  await assert.rejects(sdk.processVideo(video, ' ', user), /^Error: Error 400: 'phrase' form value is required/);
  await assert.rejects(sdk.processVideo(new File(['no video'], 'v.mp4', { type: 'video/mp4' }), PHRASE, user), /^Error: Error 400: /);
  await assert.rejects(sdk.processVideo(new File([], 'v.mp4'), PHRASE, user), /^Error: Error 400: 'video' file is empty/);
  const large = new File([new Uint8Array(50 * 1024 * 1024 + 1)], 'v.mp4', { type: 'video/mp4' });
  await assert.rejects(sdk.processVideo(large, PHRASE, user), /^Error: Error 400: file size exceeds 50MB/);
});
