import test from 'node:test';
import assert from 'node:assert/strict';
import { PHRASE, sdk, typed, fixture, made, agreed } from './client.mjs';
import { FaceMatchResponse } from './types.mjs';

test('a picture and a video of one person match', async () => {
  const user = await agreed(sdk);
  const [image, video] = [await fixture('obama.jpg'), await fixture('speaker_crop.mp4')];
  const matched = await sdk.matchFaces(image, video, user, false, { deviceInfo: { os: 'Linux' } });
  assert.equal(matched.body.data.result, 1, JSON.stringify(matched.body));
  assert.equal(matched.body.data.code, 200);
  assert.equal(matched.body.scoring_result.status, 'pass');
  assert.ok(matched.body.score > 1);
  const again = await typed.matchFaces(image, video, user);
  FaceMatchResponse(again.body);
  assert.deepEqual([again.body.data.code, again.body.data.result], [0, 1]);
  assert.deepEqual([again.body.data.anchor.code, again.body.data.target.code], [0, 0]);
});

test('another person does not', async () => {
  const other = await typed.matchFaces(await made('other.png'), await fixture('speaker_crop.mp4'), await agreed(typed));
  FaceMatchResponse(other.body);
  assert.equal(other.body.data.result, 0, JSON.stringify(other.body));
  assert.equal(other.body.scoring_result.status, 'fail');
});

test("the session's last video serves again", async () => {
  const user = await agreed(typed);
  const { body: session } = await typed.startSession();
  const props = { sessionId: session.data };
  const image = await fixture('obama.jpg');
  await assert.rejects(typed.matchFaces(image, undefined, user, true, props), /^Error: Error 400: no video found for this session/);
  await typed.processVideo(await fixture('speaker_crop.mp4'), PHRASE, user, props);
  const matched = await typed.matchFaces(image, undefined, user, true, props);
  FaceMatchResponse(matched.body);
  assert.equal(matched.body.data.result, 1);
  const bySession = await typed.matchFaces(image, undefined, undefined, true, props);
  assert.equal(bySession.body.data.result, 1, 'the session knows its user');
});

test('a missing file is reported, and a side without a face has its code', async () => {
  const user = await agreed(typed);
  const video = await fixture('speaker_crop.mp4');
  await assert.rejects(typed.matchFaces(undefined, video, user), /Face image is required/);
  await assert.rejects(typed.matchFaces(await fixture('obama.jpg'), undefined, user), /Video is required/);
  await assert.rejects(typed.matchFaces(await fixture('obama.jpg'), undefined, user, true), /Session ID is required/);
  await assert.rejects(typed.matchFaces(new File(['no picture'], 'i.jpg'), video, user), /^Error: Error 400: /);
  const faceless = await typed.matchFaces(await fixture('apple.jpg'), video, user);
  FaceMatchResponse(faceless.body);
  assert.equal(faceless.body.data.result, 0);
  assert.notEqual(faceless.body.data.anchor.code, 0);
});
