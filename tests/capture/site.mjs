// A customer's site with a strict policy: the component's page, and an address that takes recordings as the test says.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { root } from '../dashboard/chromium.mjs';

/** No style source at all: the component brings its own sheet, which needs none. */
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; media-src blob:; img-src 'self'; form-action 'self'";
const PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Capture</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<script type="module" src="/sdk/biometry-scanner.js"></script><script type="module" src="/page.js"></script></head>
<body><main><h1>Capture</h1><form method="post" action="/form" enctype="multipart/form-data"></form></main></body></html>`;
/** The element with the attributes of the address; everything it says is kept. */
const SCRIPT = `
const scanner = document.createElement('biometry-scanner');
const { headers, fields, ...attributes } = Object.fromEntries(new URLSearchParams(location.search));
for (const [name, value] of Object.entries(attributes)) scanner.setAttribute(name, value);
if (headers) scanner.headers = JSON.parse(headers);
if (fields) scanner.fields = JSON.parse(fields);
window.events = [];
for (const type of ['capture', 'uploaded', 'error', 'progress', 'retake', 'statechange'])
  scanner.addEventListener(type, (event) => {
    const { video, capture, ...rest } = event.detail;
    window.events.push({ type, ...rest, ...(video && { size: video.size, videoType: video.type }) });
  });
window.app = { handle: (event) => { window.handled = event.detail.phrase; } };
document.querySelector('form').append(scanner);
const submit = document.createElement('button');
submit.textContent = 'Submit the form';
document.querySelector('form').append(submit);
window.scanner = scanner;`;

/** `{ url, uploads, answers, close }`. `answers`: what the next uploads get, `{ status, body?, headers?, hold? }`; otherwise 200. */
export async function openSite() {
  const site = { uploads: [], answers: [], forms: [], down: false };
  const component = await readFile(join(root, 'sdk/web/dist/biometry-scanner.js'));
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://site').pathname;
    const give = (type, body) =>
      response
        .writeHead(200, {
          'content-type': type,
          'content-security-policy': POLICY,
        })
        .end(body);
    if (path === '/sdk/biometry-scanner.js') return give('text/javascript', component);
    if (path === '/page.js') return give('text/javascript', SCRIPT);
    if (path === '/form') {
      site.forms.push(await formOf(request));
      return give('text/html', '<!doctype html><title>Received</title><h1>Received</h1>');
    }
    if (path !== '/upload') return give('text/html', PAGE);
    if (site.down) return request.socket.destroy();
    const answer = site.answers.shift() ?? {
      status: 200,
      body: { verdict: 'pass' },
    };
    site.uploads.push({
      headers: request.headers,
      form: await formOf(request),
    });
    await answer.hold;
    response.writeHead(answer.status, {
      'content-type': 'application/json',
      'x-request-id': 'request-1',
      ...answer.headers,
    });
    response.end(JSON.stringify(answer.body ?? {}));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  site.url = `http://127.0.0.1:${server.address().port}`;
  site.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return site;
}

async function formOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return new Response(Buffer.concat(parts), {
    headers: { 'content-type': request.headers['content-type'] },
  }).formData();
}
