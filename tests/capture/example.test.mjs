// The example of `examples/`, started as `make example` does, by somebody in a browser.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { filmed, launch, openPage, picture, root, serious } from '../dashboard/chromium.mjs';
import { filmFolder, press } from './opened.mjs';

let browser, example, url, biometry, key, remove;
before(async () => {
  let folder;
  [folder, remove] = filmFolder();
  const env = {
    ...process.env,
    BIOMETRY: process.env.BIOMETRY ?? join(root, 'target/debug/biometry'),
    EXAMPLE_DATA: join(folder, 'example'),
    PORT: '0',
  };
  example = spawn(process.execPath, [join(root, 'examples/start.mjs')], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  [url, biometry] = await new Promise((found, failed) => {
    let text = '';
    example.stdout.on('data', (part) => {
      text += part;
      const match = /open (\S+) \(Biometry is on (\S+);/.exec(text);
      if (match) found([match[1], match[2]]);
    });
    example.on('exit', (code) => failed(new Error(`the example ended with ${code}`)));
  });
  key = JSON.parse(await readFile(join(folder, 'example/key.json'), 'utf8')).api_key;
  browser = await launch(...filmed(folder));
});
after(async () => {
  await browser?.close();
  if (example.exitCode === null) {
    example.kill();
    await once(example, 'exit');
  }
  remove();
});

const post = (path, body, headers = {}) => fetch(url + path, { method: 'POST', body, headers });

test('somebody agrees, records, and sees the decision; the key stays with the backend', async () => {
  const page = await openPage(browser, 'http://127.0.0.1:', { permissions: ['camera', 'microphone'] });
  const answers = [];
  page.on('response', (response) => {
    if (response.url().startsWith(url)) answers.push(response.text().catch(() => ''));
  });
  await page.goto(url);
  assert.deepEqual(await serious(page), []);
  await page.getByLabel('Your name').fill('Ada Example');
  await page.getByLabel('My face and voice').check();
  await press(page, 'Continue');
  await press(page, 'Record');
  await press(page, 'Use this recording');
  const decision = page.locator('#decision');
  await decision.waitFor({ timeout: 60_000 });
  assert.match(await decision.getAttribute('data-verdict'), /^(pass|refer|fail)$/);
  const reasons = await decision.locator('li').allInnerTexts();
  for (const service of ['liveness_', 'spoken_phrase_', 'face_match_'])
    assert.ok(
      reasons.some((reason) => reason.startsWith(service)),
      reasons.join(),
    );
  assert.deepEqual(await serious(page), []);
  await picture(page, 'example-decision');
  const id = await page.locator('#transaction').innerText();
  const record = await fetch(`${biometry}/api-transactions/transactions/${id}`, { headers: { authorization: `Bearer ${key}` } });
  assert.equal(record.status, 200);
  assert.ok(JSON.stringify(await record.json()).includes('Ada Example'));
  const seen = (await Promise.all(answers)).join() + (await page.content());
  assert.ok(seen.length > 1000 && !seen.includes(key));
  assert.deepEqual(page.faults, []);
});

test('bad requests are refused in words', async () => {
  const refused = async (response, status, message) => {
    assert.equal(response.status, status);
    assert.equal((await response.json()).error, message);
  };
  await refused(await post('/visits', '{"user":"ada"}'), 400, 'without consent faces and voices are not processed');
  await refused(await post('/visits', '{"agreed":true}'), 400, 'user is missing');
  await refused(await post('/visits', 'no'), 400, 'the body is no JSON');
  await refused(await post('/recordings', 'x'), 401, 'this visit has ended; reload the page');
  await refused(await fetch(`${url}/../server.mjs`), 404, 'no such page');
  const visit = await post('/visits', '{"user":"ada","agreed":true}');
  const cookie = visit.headers.getSetCookie()[0].split(';')[0];
  await refused(await post('/recordings', 'x', { cookie }), 400, 'the body is no form');
  const form = (video) => {
    const fields = new FormData();
    fields.set('phrase', 'anything');
    if (video) fields.set('video', new Blob([video]), 'a.webm');
    return fields;
  };
  await refused(await post('/recordings', form(), { cookie }), 400, 'video is missing');
  const text = await post('/recordings', form('no film'), { cookie });
  assert.equal(text.status, 422);
  const large = await post('/recordings', form(Buffer.alloc(50_200_000)), { cookie }).catch(() => null);
  assert.ok(large === null || large.status === 413);
});
