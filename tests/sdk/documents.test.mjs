import test from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MADE, sdk, typed, fixture, made, someone } from './client.mjs';
import { DocAuthResponse } from './types.mjs';

test('a passport is read and judged', async () => {
  const user = someone();
  const { body: session } = await typed.startSession();
  await typed.giveAuthorizationConsent(true, user, { sessionId: session.data });
  const props = { sessionId: session.data, deviceInfo: { os: 'Linux' }, mrzValidation: true };
  const printed = JSON.parse(await readFile(join(MADE, 'document.json'), 'utf8'));
  const answered = await typed.checkDocAuth(await made('document.jpg'), user, props);
  DocAuthResponse(answered.body);
  const { data } = answered.body;
  assert.equal(data.document_number, printed.document_number, JSON.stringify(data.errors));
  assert.equal(data.birth_date, printed.birth_date);
  assert.equal(data.last_name, data.last_name.toUpperCase());
  assert.ok(data.last_name);
  assert.ok(data.portrait_photo.length > 1000);
  assert.equal(data.mrz_validation.has_mrz, true);
  assert.equal(data.mrz_validation.validation_performed, true);
  assert.equal(data.current_result, answered.body.scoring_result === 'pass' ? 'Passed' : 'Failed');

  const plain = await sdk.checkDocAuth(await made('document.jpg'), user);
  assert.equal(plain.body.scoring_result.status, answered.body.scoring_result);
  assert.equal(plain.body.data.document_number, data.document_number);
});

test('a picture without a document never passes', async () => {
  const answered = await typed.checkDocAuth(await fixture('apple.jpg'), someone());
  DocAuthResponse(answered.body);
  assert.notEqual(answered.body.scoring_result, 'pass');
});

test('a missing file or one that is no jpg or png is reported', async () => {
  await assert.rejects(sdk.checkDocAuth(undefined, someone()), /Document image is required/);
  await assert.rejects(sdk.checkDocAuth(await made('document.jpg'), ''), /User fullname is required/);
  await assert.rejects(sdk.checkDocAuth(new File(['%PDF-1.7'], 'd.pdf', { type: 'application/pdf' }), someone()), /^Error: Error 400: /);
  await assert.rejects(sdk.checkDocAuth(await fixture('small.mp4'), someone()), /^Error: Error 400: /);
});
