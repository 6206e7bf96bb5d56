// A page that this server shows: agreement, recording, photo of a document or a code, sending, result. The block of JSON
// says which of them, and where what was captured is sent.
import { texts } from "/pages/texts.js";

const page = JSON.parse(document.getElementById("page").textContent);
const main = document.getElementById("main");
const languages = [page.language, ...navigator.languages].filter(Boolean).map((tag) => tag.slice(0, 2));
const language = languages.find((name) => name in texts) ?? "en";
const text = texts[language];
const captured = { video: null, photo: null };

document.documentElement.lang = language;
// The address this was opened with may hold a key: it leaves the bar and the history.
if (page.address) history.replaceState(null, "", page.address);

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** Shows one step; its heading is read out. */
function show(title, ...children) {
  const heading = element("h1", { tabindex: "-1" }, title);
  main.replaceChildren(heading, ...children);
  heading.focus();
}

const problem = () => element("p", { class: "problem", role: "alert" });
const button = (label, onclick, attributes = {}) =>
  element("button", { type: "button", onclick, ...attributes }, label);

function agree() {
  const said = problem();
  const begin = async () => {
    const begun = page.begin ? await post(page.begin, { consent: true }) : { ok: true };
    if (begun.ok) return next("agree");
    if ([403, 404, 410].includes(begun.status)) return show(text.over);
    said.textContent = sentence(begun);
  };
  const go = button(text.next, () => void begin(), { disabled: true });
  const box = element("input", { type: "checkbox", onchange: () => (go.disabled = !box.checked) });
  const what = page.kind === "verification" ? text.agreeToAll : text.agreeToFace;
  show(text.welcome, element("p", {}, text.why), element("label", {}, box, what), said, go);
}

async function code() {
  const said = problem();
  const input = element("input", {
    class: "code",
    inputmode: "numeric",
    autocomplete: "one-time-code",
    maxlength: "6",
    required: true,
  });
  const form = element(
    "form",
    {
      async onsubmit(event) {
        event.preventDefault();
        const answer = await post(page.code, { code: input.value.trim() });
        if (answer.ok) return next("code");
        said.textContent = answer.status === 403 ? text.wrongCode : sentence(answer);
        input.focus();
      },
    },
    element("label", {}, text.code, input),
    said,
    element("button", {}, text.next),
    button(text.anotherCode, () => void code(), { class: "plain" }),
  );
  show(text.codeTitle, element("p", {}, text.codeSent), form);
  const sent = await post(page.code, {});
  if (!sent.ok) said.textContent = sentence(sent);
}

function record() {
  const scanner = element("biometry-scanner", { lang: language, "max-seconds": "8", "phrase-field": "" });
  scanner.addEventListener("capture", ({ detail }) => {
    captured.video = detail.video;
    next("record");
  });
  show(text.recordTitle, element("p", {}, text.record), scanner);
}

function photo() {
  const go = button(text.next, () => next("photo"), { disabled: true });
  const shown = element("img", { class: "photo", alt: text.photoAlt, hidden: true });
  const input = element("input", {
    type: "file",
    accept: "image/jpeg,image/png,image/webp",
    capture: "environment",
    onchange() {
      [captured.photo] = input.files;
      go.disabled = !captured.photo;
      shown.hidden = !captured.photo;
      if (captured.photo) shown.src = URL.createObjectURL(captured.photo);
    },
  });
  show(text.photoTitle, element("p", {}, text.photo), element("label", {}, text.chooseFile, " ", input), shown, go);
}

async function send() {
  const bar = element("progress", { max: "1", value: "0", "aria-label": text.sending });
  show(text.sending, element("p", {}, text.patience), bar);
  const answer = await post(page.submit, await body(), (share) => (bar.value = share));
  if (answer.ok) return finish(answer.body);
  if (answer.status === 401 || answer.status === 404 || answer.status === 410) return show(text.over);
  const again = button(text.sendAgain, () => void send());
  const restart = button(text.startAgain, () => steps[0].run(), { class: "plain" });
  show(text.failed, element("p", { class: "problem", role: "alert" }, sentence(answer)), again, restart);
}

async function body() {
  if (page.kind === "liveness") return { image: await still(captured.video), consent: true };
  const form = new FormData();
  form.set("page_token", page.token);
  form.set("consent", "true");
  form.set("selfie_video", captured.video, "selfie");
  form.set("id_photo", captured.photo, "photo");
  return form;
}

/** A picture out of the middle of the recording, as a data URI. */
async function still(recording) {
  const video = element("video", { muted: true, playsinline: true });
  video.muted = true;
  video.src = URL.createObjectURL(recording);
  const happened = (name) =>
    new Promise((done, failed) => {
      video.addEventListener(name, done, { once: true });
      video.addEventListener("error", () => failed(new Error("the recording cannot be shown")), { once: true });
    });
  await happened("loadeddata");
  // Recordings of a browser say their length only at their end.
  const middle = Number.isFinite(video.duration) ? video.duration / 2 : 1;
  const sought = happened("seeked");
  video.currentTime = middle;
  await sought;
  const canvas = element("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  URL.revokeObjectURL(video.src);
  return canvas.toDataURL("image/jpeg", 0.92);
}

function finish(answer) {
  const result = page.kind === "verification" ? answer.result : answer.data;
  const status = result?.status ?? "";
  const said = { verified: text.verified, completed: text.verified, rejected: text.rejected }[status] ?? text.review;
  const target = answer.redirect ?? redirect(answer, status);
  if (!target) return show(said);
  show(said, element("a", { class: "button", href: target }, text.goOn));
  setTimeout(() => location.assign(target), 3000);
}

/** Where the customer wants the person afterwards. */
function redirect(answer, status) {
  if (!page.redirect_url) return null;
  const url = new URL(page.redirect_url);
  if (answer.check_id) url.searchParams.set("check_id", answer.check_id);
  if (status) url.searchParams.set("status", status);
  return url.href;
}

function post(url, content, progress = () => {}) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("accept", "application/json");
    const isForm = content instanceof FormData;
    if (!isForm) request.setRequestHeader("content-type", "application/json");
    request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0);
    request.onload = () =>
      resolve({
        ok: request.status >= 200 && request.status < 300,
        status: request.status,
        body: parsed(request.responseText),
      });
    request.onerror = () => resolve({ ok: false, status: 0, body: {} });
    request.send(isForm ? content : JSON.stringify(content));
  });
}

function parsed(given) {
  try {
    return JSON.parse(given);
  } catch {
    return {};
  }
}

/** What to say about a call that failed. */
function sentence({ status, body: { details, code: word } }) {
  if (status === 0) return text.offline;
  if (status === 429 || status === 503) return text.busy;
  return [text.unusable, details ?? word].filter(Boolean).join(" ");
}

const steps = [
  { name: "agree", run: agree, needed: true },
  { name: "code", run: () => void code(), needed: Boolean(page.code) },
  { name: "record", run: record, needed: true },
  { name: "photo", run: photo, needed: page.kind === "verification" },
  { name: "send", run: () => void send(), needed: true },
].filter(({ needed }) => needed);

const next = (name) => steps[steps.findIndex((step) => step.name === name) + 1].run();
steps[0].run();
