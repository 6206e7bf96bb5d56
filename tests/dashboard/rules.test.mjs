// Scoring rules: the form and the text are the same thing, checked as they change; versions, what-if, thresholds.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { agree, as, byKey, inProject, launch, picture, serious, video, world } from './world.mjs';

let browser, page;
before(async () => {
  browser = await launch();
  const user = `rules.${Date.now()}@example.org`;
  await agree(user);
  await video(user, 'speaker_crop.mp4');
  await video(user, 'still.mp4');
  page = await as(browser, 'developer', inProject('/rules/new'));
});
after(() => browser.close());

const json = () => page.getByLabel('Rules as JSON');
const pass = () => page.getByLabel('Pass from', { exact: true }).filter({ visible: true });
const strict = () => page.getByRole('button', { name: 'Use strict for the project' }).first();
const may = (check) => page.getByLabel(`${check}: what it may do`, { exact: true });
const text = async () => JSON.parse(await json().inputValue());

test('the form writes the text, the text fills the form', async () => {
  await page.getByRole('button', { name: /^Face Recognition/ }).click();
  await pass().fill('0.9');
  await pass().blur();
  assert.equal((await text()).services.face_recognition.pass, 0.9);
  const rules = await text();
  rules.services.face_recognition.mode = 'advisory';
  await json().fill(JSON.stringify(rules));
  await page.getByRole('button', { name: /^Face Recognition.*advisory/ }).waitFor();
  await page.getByTestId('validity').getByText('valid', { exact: true }).waitFor();
  await picture(page, 'rules-editor');
  assert.deepEqual(await serious(page), []);
});

test('what each check of a document may do is chosen in the form, as the server knows them', async () => {
  const { body } = await byKey('GET', '/api-projects/scoring-rules/schema');
  const known = Object.keys(body.properties.documents.properties.checks.properties);
  await page.locator('[data-check]').first().waitFor({ state: 'attached' });
  const offered = await page.locator('[data-check]').evaluateAll((fields) => fields.map(({ dataset }) => dataset.check));
  assert.deepEqual(offered.toSorted(), known.toSorted());

  const zone = () => page.getByRole('button', { name: /^Machine-readable zone/ });
  await zone().click();
  await may('Font').selectOption('Required');
  assert.deepEqual((await text()).documents.checks, { mrz_font: 'required' });
  await page.getByTestId('validity').getByText('valid', { exact: true }).waitFor();
  assert.doesNotMatch(await may('Check digits').innerText(), /Off/, 'it cannot be silenced');
  const rules = await text();
  rules.documents.checks = { ...rules.documents.checks, mrz_states: 'off', mrz_check_digits: 'off' };
  await json().fill(JSON.stringify(rules));
  assert.equal(await may('States').inputValue(), 'off');
  await zone().getByText('needs attention').waitFor();
  // Beside the field and under the text.
  await page
    .getByText(/mrz_check_digits/)
    .nth(1)
    .waitFor();
  await picture(page, 'rules-documents');
  assert.deepEqual(await serious(page), []);
  for (const check of ['Check digits', 'States', 'Font']) await may(check).selectOption('');
  assert.deepEqual((await text()).documents.checks, {});
  await page.getByTestId('validity').getByText('valid', { exact: true }).waitFor();
});

test('a mistake is shown beside the field and beside the text, and cannot be saved', async () => {
  await pass().fill('7');
  await pass().blur();
  await page.getByTestId('validity').getByText('not valid').waitFor();
  // In the form and under the text.
  await page
    .getByText(/services\.face_recognition\.pass/)
    .nth(1)
    .waitFor();
  assert.ok(await page.getByRole('button', { name: 'Save' }).isDisabled());
  await json().fill('{ "version": 1, ');
  await page.getByTestId('validity').getByText('not valid').waitFor();
  await page.getByText('The form is back as soon as the JSON can be read.').waitFor();
  await page.getByRole('button', { name: 'Undo all changes' }).click();
  await page.getByTestId('validity').getByText('valid', { exact: true }).waitFor();
});

test('each keeping makes a version; two are laid beside each other', async () => {
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('a name, so that you find them again').waitFor();
  await page.getByLabel('Name', { exact: true }).fill('strict');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('heading', { name: 'strict' }).waitFor();
  const rules = await text();
  rules.services.face_liveness.pass = 0.99;
  await json().fill(JSON.stringify(rules, null, 2));
  await page.getByRole('button', { name: 'Save as a new version' }).click();
  await page.getByRole('tab', { name: 'Versions (2)' }).click();
  const diff = page.getByTestId('diff');
  await diff.getByText('"pass": 0.99').waitFor();
  await diff.getByRole('img', { name: 'added' }).first().waitFor();
  await diff.getByRole('img', { name: 'removed' }).first().waitFor();
  await picture(page, 'rules-versions');
  assert.deepEqual(await serious(page), []);
});

test('what if: how many verdicts change, which, and that asking changes nothing', async () => {
  await page.getByRole('tab', { name: 'Edit' }).click();
  const rules = await text();
  for (const rule of Object.values(rules.services)) rule.mode = 'off';
  rules.services.face_liveness = { ...rules.services.face_liveness, mode: 'required', pass: 0, refer: 0, cannot_judge: 'refer' };
  await json().fill(JSON.stringify(rules));
  await page.getByRole('tab', { name: 'What if' }).click();
  await page.getByRole('button', { name: 'Run simulation' }).click();
  const replay = page.getByTestId('replay');
  await replay.getByRole('heading', { name: /verdicts? changes?/ }).waitFor();
  await replay.getByRole('table', { name: 'Calls whose verdict would change' }).getByRole('link').first().waitFor();
  await picture(page, 'rules-what-if');
  assert.deepEqual(await serious(page), []);
  await page.reload();
  await page.getByRole('tab', { name: 'Versions (2)' }).waitFor();
});

test('a threshold is moved along what it would have decided, and into the draft', async () => {
  const rules = await text();
  for (const rule of Object.values(rules.services)) rule.mode = 'off';
  rules.services.face_liveness = { ...rules.services.face_liveness, mode: 'required', pass: 0.5, refer: 0.05 };
  await json().fill(JSON.stringify(rules));
  await page.getByRole('tab', { name: 'What if' }).click();
  const curve = page.getByTestId('curve');
  await curve.getByRole('button', { name: 'Try every threshold' }).click();
  await curve.getByTestId('curve-point').getByText('Pass from 0.5').waitFor();
  const rows = curve.getByRole('table', { name: 'Calls by threshold' }).getByRole('row');
  assert.equal(await rows.count(), 12);
  const passes = await rows.locator('td:nth-child(2)').allInnerTexts();
  const counts = passes.map(Number);
  assert.ok(counts.length === 11 && counts.every((count, at) => at === 0 || count <= counts[at - 1]), passes.join());
  await curve.getByRole('slider').press('ArrowRight');
  await curve.getByTestId('curve-point').getByText('Pass from 0.6').waitFor();
  await picture(page, 'rules-curve');
  assert.deepEqual(await serious(page), []);
  await curve.getByRole('button', { name: 'Use 0.6' }).click();
  await page.getByRole('tab', { name: 'Edit' }).click();
  assert.equal((await text()).services.face_liveness.pass, 0.6);
  await page.reload();
  await page.getByRole('tab', { name: 'Versions (2)' }).waitFor();
});

test('thresholds: a false-match rate leads to a threshold, its cost, and into the draft', async () => {
  const rules = await text();
  for (const rule of Object.values(rules.services)) rule.pass = 0.91;
  await json().fill(JSON.stringify(rules));
  await page.getByRole('tab', { name: 'Thresholds' }).click();
  await page.getByLabel('Target false-match rate').selectOption('0.01');
  const table = page.getByRole('table', { name: 'Thresholds for the false-match rate' });
  await table.getByRole('row').nth(1).waitFor();
  const use = table.getByRole('button', { name: /^Use / }).first();
  const threshold = Number(/^Use ([\d.]+) for/.exec(await use.getAttribute('aria-label'))[1]);
  await picture(page, 'rules-thresholds');
  assert.deepEqual(await serious(page), []);
  await use.click();
  await page.getByRole('tab', { name: 'Edit' }).click();
  const moved = Object.values((await text()).services).filter(({ pass }) => pass !== 0.91);
  assert.equal(moved.length, 1);
  assert.ok(Math.abs(moved[0].pass - threshold) < 1e-3);
});

test('every measured point is there to choose, with what it costs', async () => {
  await page.getByRole('tab', { name: 'Thresholds' }).click();
  await page
    .getByRole('button', { name: /^Face Recognition.*point/ })
    .first()
    .click();
  const table = page.getByRole('table', { name: /^Points of Face Recognition/ }).first();
  const { body } = await byKey('GET', '/api-projects/calibration');
  const { points } = body.data.find(({ service }) => service === 'face_recognition');
  const use = table.getByRole('button', { name: 'Use' });
  await use.nth(points.length - 1).waitFor();
  assert.equal(await use.count(), points.length);
  await picture(page, 'rules-measured');
  assert.deepEqual(await serious(page), []);
});

test('rules are put in force for the project and taken away again', async () => {
  await page.goto(`${world.url}/dashboard${inProject('/rules')}`);
  await strict().click();
  await page.getByText('In force from the next call').waitFor();
  await picture(page, 'rules');
  await page.getByRole('button', { name: 'Stop using strict' }).click();
  await strict().waitFor();
  assert.deepEqual(page.faults, []);
});

test('a draft is not left without a question, and leaving it saved asks nothing', async () => {
  const other = await as(browser, 'developer', inProject('/rules/new'));
  await other.getByLabel('Name', { exact: true }).fill('half done');
  const asked = [];
  const answer = { stay: true };
  other.on('dialog', (dialog) => {
    asked.push(dialog.message());
    void (answer.stay ? dialog.dismiss() : dialog.accept());
  });
  await other.getByRole('link', { name: 'Overview' }).click();
  await other.getByLabel('Name', { exact: true }).waitFor();
  assert.match(other.url(), /rules\/new/);
  assert.equal(await other.getByLabel('Name', { exact: true }).inputValue(), 'half done');
  answer.stay = false;
  await other.getByRole('link', { name: 'Overview' }).click();
  await other.getByRole('heading', { name: 'Overview' }).waitFor();
  assert.deepEqual(asked, Array(2).fill('Leave this page? Your changes are not saved.'));
  await other.getByRole('link', { name: 'Scoring rules' }).click();
  await other.getByRole('heading', { name: 'Scoring rules' }).waitFor();
  assert.equal(asked.length, 2);
  assert.deepEqual(other.faults, []);
  await other.context().close();
});
