// The vendor's client, unmodified: nothing is changed but the base URL. Each suite has a project of its own, with a key
// for either dialect.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { BiometrySDK } from 'biometry-sdk';

export const { BASE_URL, API_KEY, SDK_KEY, FIXTURES, MADE, PHRASE } = process.env;
BiometrySDK.BASE_URL = BASE_URL;
export { BiometrySDK };

/** Answers in the shapes of this API. */
export const sdk = new BiometrySDK(API_KEY);
/** Answers in the shapes of the client's own types. */
export const typed = new BiometrySDK(SDK_KEY);

const TYPES = { mp4: 'video/mp4', webm: 'video/webm', mov: 'video/quicktime', jpg: 'image/jpeg', png: 'image/png', wav: 'audio/wav', m4a: 'audio/mp4' };

const from = async (folder, name) =>
  new File([await readFile(join(folder, name))], name, { type: TYPES[name.split('.').at(-1)] });
/** A file of the fixtures. */
export const fixture = (name) => from(FIXTURES, name);
/** A file made for this run. */
export const made = (name) => from(MADE, name);

/** A user nobody has met. */
export const someone = () => `${randomUUID()}@example.org`;

/** A user of `client`'s project who agreed to everything. */
export async function agreed(client) {
  const user = someone();
  await client.giveAuthorizationConsent(true, user);
  await client.giveStorageConsent(true, user);
  return user;
}
