// The page: it asks who is there, shows the component, and shows what the backend decided. It has no key.
const $ = (id) => document.getElementById(id);
const scanner = $('scanner');
const VERDICTS = { pass: 'You are verified', refer: 'Somebody will look at your recording', fail: 'You could not be verified' };

async function post(path, body) {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body ?? {}) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

function show(what) {
  for (const part of ['visit', 'scanner', 'decision']) $(part).hidden = part !== what;
}

/** Runs, and shows what went wrong. */
const tried = (act) => async (event) => {
  event?.preventDefault();
  $('problem').textContent = '';
  try {
    await act(event);
  } catch (error) {
    $('problem').textContent = error.message;
  }
};

$('visit').addEventListener(
  'submit',
  tried(async ({ target }) => {
    const { user, agreed, keep } = target.elements;
    scanner.phrase = (await post('/visits', { user: user.value, agreed: agreed.checked, keep: keep.checked })).phrase;
    show('scanner');
    scanner.start();
  }),
);

// Each recording has a phrase of its own.
scanner.addEventListener(
  'retake',
  tried(async () => {
    scanner.phrase = (await post('/phrases')).phrase;
  }),
);

scanner.addEventListener('uploaded', ({ detail }) => {
  const { verdict, score, reasons, transaction } = detail.body;
  $('verdict').textContent = VERDICTS[verdict];
  $('decision').dataset.verdict = verdict;
  $('score').textContent = `Score ${score.toFixed(1)} of 100`;
  $('reasons').replaceChildren(...reasons.map((reason) => Object.assign(document.createElement('li'), { textContent: reason })));
  $('transaction').textContent = transaction;
  show('decision');
  $('decision').focus();
});

$('again').addEventListener('click', () => {
  scanner.reset();
  show('visit');
});
