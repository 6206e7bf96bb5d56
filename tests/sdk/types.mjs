// The client's published types (dist/types/biometry/*.d.ts), as checks of values.
import assert from 'node:assert/strict';

const number = (value, what) => assert.equal(typeof value, 'number', what);
const string = (value, what) => assert.equal(typeof value, 'string', what);
const boolean = (value, what) => assert.equal(typeof value, 'boolean', what);
const optional = (check) => (value, what) => value === undefined || check(value, what);
const list = (check) => (value, what) => {
  assert.ok(Array.isArray(value), what);
  value.forEach((item, index) => check(item, `${what}[${index}]`));
};
const object = (fields) => (value, what) => {
  assert.equal(typeof value, 'object', what);
  assert.notEqual(value, null, what);
  for (const [name, check] of Object.entries(fields)) check(value[name], `${what}.${name}`);
};
const oneOf = (...words) => (value, what) => assert.ok(words.includes(value), `${what}: ${value}`);
const base64 = (value, what) => {
  string(value, what);
  assert.match(value, /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, what);
};
/** A service that could not judge has its error instead of a result. */
const judged = (fields, common) => (value, what) => object(value.error === undefined ? { ...common, ...fields } : { ...common, error: string })(value, what);

const outcome = { code: number, description: string };
const verdict = oneOf('pass', 'fail', 'refer');
const unit = (value, what) => assert.ok(value >= 0 && value <= 1, `${what}: ${value}`);

const services = {
  'Active Speaker Detection': judged({ result: number, score: number }, outcome),
  'Face Liveness Detection': judged({ result: boolean, score: number }, outcome),
  'Visual Speech Recognition': judged({ result: string, score: number }, outcome),
  'Face Recognition': judged({ score: number }, outcome),
  'Voice Recognition': judged({ id: string, score: number, imposter_prob: number, log_odds: string }, { status: string }),
};
export const ProcessVideoResponse = (body) => {
  object({ data: object({}), scoring_result: verdict, score: optional(unit), decision_reasons: optional(list(string)), message: string })(body, 'body');
  for (const [name, answer] of Object.entries(body.data)) services[name](answer, name);
};

const face = object(outcome);
export const FaceMatchResponse = (body) =>
  object({
    data: object({ ...outcome, result: oneOf(0, 1), anchor: face, target: face }),
    scoring_result: object({ status: verdict }),
    decision_reasons: list(string),
    message: string,
  })(body, 'body');

export const FaceEnrollmentResponse = (body) =>
  object({ data: object({ enrollment_result: object(outcome), document_auth: optional(object({})) }), message: optional(string) })(body, 'body');

const quality = (value, what) => {
  const heard = object({ score: number, text: string });
  const shape = value.value === undefined ? { results: list(heard) } : { value: number, op: string, threshold: number };
  object({ status: oneOf('good', 'fail'), property: string, ...shape })(value, what);
};
const qualities = object({ status: oneOf('good', 'fail'), results: list(quality) });
export const VoiceEnrollmentResponse = (body) =>
  object({
    data: object({
      status: oneOf('good', 'qafailed', 'enrolled', 'error'),
      qa_combined: (value, what) => value === null || qualities(value, what),
      qa_list: list(qualities),
    }),
    message: string,
  })(body, 'body');

export const SessionResponse = (body) => object({ data: string, message: string })(body, 'body');
export const ConsentResponse = (body) => object({ is_consent_given: boolean, user_fullname: string })(body, 'body');

const words = ['document_type', 'country_code', 'nationality_code', 'nationality_name', 'sex', 'first_name', 'father_name', 'last_name', 'expiry_date', 'document_number', 'birth_date', 'document_category', 'issuing_state', 'front_document_type_id'];
export const DocAuthResponse = (body) =>
  object({
    data: object({
      ...Object.fromEntries(words.map((name) => [name, string])),
      portrait_photo: base64,
      signature: base64,
      contains_rfid: boolean,
      face_image_base64: optional(base64),
      current_result: optional(oneOf('Passed', 'Failed')),
      errors: optional(list(string)),
      mrz_validation: optional(object({
        has_mrz: boolean, raw_mrz: optional(string), check_digits_valid: boolean, fields_match: boolean,
        discrepancies: optional(list(string)), validation_performed: boolean,
      })),
    }),
    scoring_result: verdict,
    message: string,
  })(body, 'body');
