import test from 'node:test';
import assert from 'node:assert/strict';
import { PHRASE, sdk, typed, fixture, someone, agreed } from './client.mjs';
import { FaceEnrollmentResponse, VoiceEnrollmentResponse } from './types.mjs';

test('a face is enrolled', async () => {
  const user = await agreed(sdk);
  const { body: session } = await sdk.startSession();
  const face = await fixture('obama.jpg');
  const first = await sdk.enrollFace(face, user, false, { sessionId: session.data, deviceInfo: { os: 'Linux' } });
  assert.equal(first.body.data.enrollment_result.code, 200, JSON.stringify(first.body));
  assert.equal(first.body.message, 'face enrolled successfully');
  const second = await typed.enrollFace(face, await agreed(typed));
  FaceEnrollmentResponse(second.body);
  assert.equal(second.body.data.enrollment_result.code, 0, JSON.stringify(second.body));
});

test('a picture with no face, or with several, is refused with its code', async () => {
  const user = await agreed(typed);
  const codes = [];
  for (const name of ['apple.jpg', 'thai_people.jpg']) {
    const refused = await typed.enrollFace(await fixture(name), user);
    FaceEnrollmentResponse(refused.body);
    assert.notEqual(refused.body.data.enrollment_result.code, 0, name);
    assert.ok(refused.body.data.enrollment_result.description, name);
    codes.push(refused.body.data.enrollment_result.code);
  }
  assert.notEqual(codes[0], codes[1]);
});

test("a document's picture says what became of the document", async () => {
  const answered = await typed.enrollFace(await fixture('obama.jpg'), await agreed(typed), true);
  FaceEnrollmentResponse(answered.body);
  assert.ok(answered.body.data.document_auth);
});

test('a voice is enrolled', async () => {
  const answered = await typed.enrollVoice(await fixture('obama_speech.wav'), await agreed(typed), PHRASE);
  VoiceEnrollmentResponse(answered.body);
  assert.ok(['good', 'enrolled'].includes(answered.body.data.status), JSON.stringify(answered.body));
  assert.equal(answered.body.message, 'voice registered successfully');
  const video = await sdk.enrollVoice(await fixture('speaker_crop.mp4'), await agreed(sdk), PHRASE);
  assert.ok(['good', 'enrolled'].includes(video.body.data.status), 'a video has a voice too');
});

test('silence is no voice', async () => {
  const answered = await typed.enrollVoice(await fixture('silent.mp4'), await agreed(typed), PHRASE);
  VoiceEnrollmentResponse(answered.body);
  assert.equal(answered.body.data.status, 'qafailed', JSON.stringify(answered.body));
});

test('both need both consents', async () => {
  const user = someone();
  const face = await fixture('obama.jpg');
  const voice = await fixture('obama_speech.wav');
  await assert.rejects(sdk.enrollFace(face, user), /^Error: Error 403: authorization and storage consent are required/);
  await assert.rejects(sdk.enrollVoice(voice, user, PHRASE), /^Error: Error 403: authorization and storage consent are required/);
  await sdk.giveAuthorizationConsent(true, user);
  await assert.rejects(sdk.enrollFace(face, user), /^Error: Error 403: storage consent is required/);
  await assert.rejects(sdk.enrollVoice(voice, user, PHRASE), /^Error: Error 403: storage consent is required/);
});

test('a missing field or a file that is no picture is reported', async () => {
  const user = await agreed(sdk);
  await assert.rejects(sdk.enrollFace(await fixture('obama.jpg'), ''), /User fullname is required/);
  await assert.rejects(sdk.enrollFace(undefined, user), /Face image is required/);
  await assert.rejects(sdk.enrollFace(new File(['no picture'], 'f.jpg'), user), /^Error: Error 400: /);
  const voice = await fixture('obama_speech.wav');
  await assert.rejects(sdk.enrollVoice(voice, '', PHRASE), /User fullname is required/);
  await assert.rejects(sdk.enrollVoice(voice, user, ''), /Phrase is required/);
  await assert.rejects(sdk.enrollVoice(undefined, user, PHRASE), /Audio file is required/);
  await assert.rejects(sdk.enrollVoice(new File(['no sound'], 'v.wav'), user, PHRASE), /^Error: Error 400: /);
});
