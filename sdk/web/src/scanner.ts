/** The element: it takes inputs to the state machine, and does what entering a state asks for. */

import { listDevices, openCamera } from "./camera.js";
import { h } from "./dom.js";
import type { ScannerEvents } from "./events.js";
import { next, usesCamera, type Capture, type Input, type State, type StateName } from "./machine.js";
import { ATTRIBUTES, namedFunction, optionsOf, type Options } from "./options.js";
import { paceOf, type Pace } from "./phrase.js";
import { problemOf, type Problem } from "./problems.js";
import { lengthOf, recordedType } from "./recorder.js";
import { CameraSession } from "./session.js";
import { styles } from "./styles.js";
import { languageOf, translator, type Texts, type Translate } from "./texts/texts.js";
import { fileOf, Upload, type Target } from "./upload.js";
import { reviewView } from "./views/review.js";
import { doneView, Sending, unsentView } from "./views/sending.js";
import { Stage } from "./views/stage.js";
import { openingView, startView } from "./views/start.js";
import type { Actions, View } from "./views/view.js";

const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

export class BiometryScanner extends Base {
  static readonly observedAttributes: readonly string[] = ATTRIBUTES;
  static readonly formAssociated = true;

  /** Headers of the upload beside the component's own. */
  headers: Record<string, string> = {};
  /** Form fields of the upload beside video and phrase. */
  fields: Record<string, string> = {};
  /** Bearer token of the upload; `upload-token` where it is null. */
  token: string | null = null;

  #state: State = { at: "idle" };
  #turn = 0;
  #texts: Partial<Texts> = {};
  #root = this.attachShadow({ mode: "open", delegatesFocus: true });
  #internals = this.attachInternals();
  #main = h("div", { part: "scanner" });
  /** Reads out a new view to somebody whose keyboard is not in it. */
  #live = h("p", { class: "unseen", role: "status" });
  #file = h("input", { type: "file", accept: "video/*", hidden: true, change: () => void this.#fileChosen() });
  #session: CameraSession | null = null;
  #stage: Stage | null = null;
  #pace: Pace = paceOf("", 1, null);
  #phrase = "";
  #camera: string | null = null;
  #microphone: string | null = null;
  #upload: Upload | null = null;
  #url = "";

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [styles()];
    this.#root.append(this.#main, this.#live, this.#file);
    this.addEventListener("capture", (event) => this.#callPage(event));
    this.addEventListener("keydown", ({ key }) => void (key === "Escape" && this.#go({ type: "cancelled" })));
  }

  get state(): StateName {
    return this.#state.at;
  }

  /** The recording that is reviewed, sent or done. */
  get capture(): Capture | null {
    return "capture" in this.#state ? this.#state.capture : null;
  }

  get phrase(): string {
    return this.getAttribute("phrase") ?? "";
  }

  set phrase(phrase: string) {
    this.setAttribute("phrase", phrase);
  }

  /** Texts in place of the component's own. */
  get texts(): Partial<Texts> {
    return this.#texts;
  }

  set texts(texts: Partial<Texts>) {
    this.#texts = texts;
    this.#refresh();
  }

  /** Opens the camera, as the first button does. */
  start(): void {
    this.#go({ type: "open" });
  }

  /** Back to the beginning: camera closed, recording forgotten, upload cancelled. */
  reset(): void {
    this.#go({ type: "reset" });
  }

  connectedCallback(): void {
    document.addEventListener("visibilitychange", this.#onVisibility);
    this.#enter();
    if (this.hasAttribute("autostart")) this.start();
  }

  disconnectedCallback(): void {
    document.removeEventListener("visibilitychange", this.#onVisibility);
    this.#state = { at: "idle" };
    this.#turn += 1;
    this.#release();
  }

  attributeChangedCallback(): void {
    if (this.isConnected) this.#refresh();
  }

  formResetCallback(): void {
    this.reset();
  }

  override addEventListener<K extends keyof ScannerEvents>(
    type: K,
    listener: (this: BiometryScanner, event: ScannerEvents[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener<K extends keyof HTMLElementEventMap>(
    type: K,
    listener: (this: HTMLElement, event: HTMLElementEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(type: string, listener: never, options?: boolean | AddEventListenerOptions): void {
    super.addEventListener(type, listener, options);
  }

  #options(): Options {
    return optionsOf(this);
  }

  #translate(): Translate {
    const wanted = [this.closest("[lang]")?.getAttribute("lang") ?? "", ...navigator.languages];
    return translator(languageOf(wanted), { ...textsOf(this.getAttribute("texts")), ...this.#texts });
  }

  #actions(): Actions {
    return {
      text: this.#translate(),
      open: () => this.#go({ type: "open" }),
      chooseFile: () => this.#file.click(),
      record: () => this.#go({ type: "record", countdown: this.#options().countdown > 0 }),
      stop: () => void this.#finish(),
      cancel: () => this.#go({ type: "cancelled" }),
      retake: () => this.#emit("retake", {}) && this.#go({ type: "retake" }),
      use: () => this.#use(),
      sendNow: () => this.#upload?.now(),
      back: () => this.#go({ type: "back" }),
      chooseCamera: (id) => ((this.#camera = id), this.#go({ type: "open" })),
      chooseMicrophone: (id) => ((this.#microphone = id), this.#go({ type: "open" })),
    };
  }

  #go(input: Input): void {
    const before = this.#state;
    const after = next(before, input);
    if (after === before) return;
    this.#state = after;
    this.#turn += 1;
    if (!usesCamera(after)) this.#release();
    this.#enter();
    this.#emit("statechange", { state: after.at, previous: before.at });
    if ("problem" in after && after.problem) this.#report(after.problem);
    if (after.at === "done" && after.answer) this.#emit("uploaded", { ...after.answer, capture: after.capture });
  }

  /** Shows the state, and does what it is for. */
  #enter(): void {
    const state = this.#state;
    const actions = this.#actions();
    const { file } = this.#options();
    this.#setFormValue();
    switch (state.at) {
      case "idle":
      case "blocked":
        return this.#show(() => startView(actions, state.at === "blocked" ? state.problem : null, file));
      case "opening":
        this.#show(() => openingView(actions, file));
        return void this.#open();
      case "ready":
        return this.#ready(state.problem ?? null);
      case "counting":
        this.#show(() => this.#stage?.counting());
        return this.#count(this.#options().countdown);
      case "recording":
        this.#show(() => this.#stage?.recording());
        return this.#record();
      case "review":
        this.#url = URL.createObjectURL(state.capture.video);
        return this.#show(() => reviewView(actions, state.capture, this.#url));
      case "sending":
        return void this.#send(state.capture, actions);
      case "unsent":
        return this.#show(() => unsentView(actions, state.problem));
      case "done":
        return this.#show(() => doneView(actions, state.answer !== null));
    }
  }

  /** Puts a view in place. The keyboard follows where it was in the view before. */
  #show(make: () => View | undefined): void {
    const focused = this.#root.activeElement !== null;
    const view = make();
    if (!view) return;
    if (this.#main.firstChild !== view.element) this.#main.replaceChildren(view.element);
    if (focused) view.focus.focus();
    const said = view.element.querySelector("h2, p")?.textContent ?? "";
    this.#live.textContent = focused || this.#state.at === "recording" ? "" : said;
  }

  async #open(): Promise<void> {
    const turn = this.#turn;
    let stream: MediaStream | null = null;
    try {
      recordedType();
      const { facing } = this.#options();
      stream = await openCamera({ camera: this.#camera, microphone: this.#microphone, facing });
      const devices = await listDevices();
      // Somebody may have gone on while the browser asked.
      if (turn !== this.#turn) return stream.getTracks().forEach((track) => track.stop());
      const lost = () => this.#go({ type: "blocked", problem: { code: "camera_lost" } });
      this.#session = new CameraSession(stream, devices, lost);
      this.#stage = null;
      this.#go({ type: "opened" });
    } catch (error) {
      stream?.getTracks().forEach((track) => track.stop());
      // The camera that was chosen may be gone; the next attempt takes any.
      this.#camera = this.#microphone = null;
      if (turn === this.#turn) this.#go({ type: "blocked", problem: problemOf(error) });
    }
  }

  #ready(problem: Problem | null): void {
    const session = this.#session;
    if (!session) return;
    session.discard();
    this.#stage ??= this.#makeStage(session);
    const stage = this.#stage;
    this.#show(() => stage.ready(session.devices, session.used(), problem, this.#options().file));
  }

  #makeStage(session: CameraSession): Stage {
    const { phrase, pace, maxSeconds } = this.#options();
    this.#phrase = phrase;
    this.#pace = paceOf(phrase, pace, maxSeconds);
    const stage = new Stage(this.#actions(), this.#pace, !session.facesAway());
    session.showOn(stage);
    return stage;
  }

  #count(seconds: number): void {
    const turn = this.#turn;
    this.#stage?.count(seconds);
    setTimeout(() => {
      if (turn !== this.#turn) return;
      if (seconds > 1) this.#count(seconds - 1);
      else this.#go({ type: "started" });
    }, 1000);
  }

  #record(): void {
    try {
      this.#session?.record(this.#pace.seconds, () => void this.#finish());
    } catch (error) {
      this.#go({ type: "blocked", problem: problemOf(error) });
    }
  }

  async #finish(): Promise<void> {
    try {
      const recorded = await this.#session?.finish(this.#options().minSeconds);
      if (!recorded) return;
      const capture: Capture = { ...recorded, id: randomId(), phrase: this.#phrase, source: "camera" };
      this.#go({ type: "recorded", capture });
    } catch (error) {
      this.#go({ type: "discarded", problem: problemOf(error) });
    }
  }

  async #fileChosen(): Promise<void> {
    const file = this.#file.files?.[0];
    this.#file.value = "";
    if (!file) return;
    const { phrase, maxBytes } = this.#options();
    const refuse = (problem: Problem) =>
      this.#go(this.#state.at === "ready" ? { type: "discarded", problem } : { type: "blocked", problem });
    if (file.size > maxBytes) return refuse({ code: "too_large", values: { megabytes: maxBytes / 1_000_000 } });
    // A browser may not play what the server reads, so the type counts where it is named.
    const unknown = { code: "not_a_video" } satisfies Problem;
    const seconds = await lengthOf(file).catch(() => (file.type.startsWith("video/") ? null : unknown));
    if (file.size === 0 || (typeof seconds === "object" && seconds)) return refuse(unknown);
    const capture: Capture = { id: randomId(), video: file, source: "file", phrase, seconds, heard: null, guide: null };
    this.#go({ type: "chosen", capture });
  }

  #use(): void {
    const state = this.#state;
    if (state.at === "unsent") return this.#go({ type: "send" });
    if (state.at !== "review") return;
    // A page that prevents the default sends the recording itself.
    const goOn = this.#emit("capture", state.capture);
    this.#go({ type: goOn && this.#options().uploadUrl ? "send" : "accepted" });
  }

  async #send(capture: Capture, actions: Actions): Promise<void> {
    const turn = this.#turn;
    const view = new Sending(actions);
    this.#show(() => view);
    const upload = new Upload();
    this.#upload = upload;
    try {
      const answer = await upload.send(capture, this.#target(), {
        progress: (share) => (view.progress(share), void this.#emit("progress", { share })),
        retrying: (seconds) => view.retrying(seconds),
        sending: () => view.again(),
      });
      if (turn === this.#turn) this.#go({ type: "sent", answer });
    } catch (error) {
      if (turn === this.#turn) this.#go({ type: "unsent", problem: problemOf(error) });
    }
  }

  #target(): Target {
    const { uploadUrl, uploadToken, ...rest } = this.#options();
    const token = this.token ?? uploadToken;
    return { ...rest, url: uploadUrl ?? "", token, headers: this.headers, fields: this.fields };
  }

  /** Ends what only the state before needed. */
  #release(): void {
    this.#session?.close();
    this.#session = this.#stage = null;
    this.#upload?.cancel();
    this.#upload = null;
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = "";
  }

  /** Texts or phrase changed: what is shown is made anew, unless something runs that must not be disturbed. */
  #refresh(): void {
    const { at } = this.#state;
    if (at === "idle" || at === "blocked" || at === "unsent" || at === "done") this.#enter();
    if (at !== "ready") return;
    this.#stage = null;
    this.#enter();
  }

  /** A hidden page gets no pictures: what is recorded meanwhile stands still. */
  #onVisibility = (): void => {
    const { at } = this.#state;
    if (document.hidden && (at === "counting" || at === "recording"))
      this.#go({ type: "discarded", problem: { code: "interrupted" } });
  };

  /** The element in a form is a file, once there is a recording that was accepted. */
  #setFormValue(): void {
    const { capture } = this;
    const value = this.#state.at === "done" && capture ? fileOf(capture) : null;
    this.#internals.setFormValue(value);
    const missing = this.hasAttribute("required") && value === null;
    this.#internals.setValidity(missing ? { valueMissing: true } : {}, missing ? this.#translate()("title") : "");
  }

  /** `on-capture`. */
  #callPage(event: Event): void {
    const name = this.getAttribute("on-capture");
    if (name === null) return;
    const handler = namedFunction(name);
    if (handler) handler.call(this, event);
    else console.error(`biometry-scanner: on-capture names no function: ${name}`);
  }

  #report(problem: Problem): void {
    this.#emit("error", { ...problem, message: this.#translate()(problem.code, problem.values) });
  }

  /** Whether the page left the default to the component. */
  #emit<K extends keyof ScannerEvents>(type: K, detail: ScannerEvents[K]["detail"]): boolean {
    // `error` does not bubble, as those of images do not: a page's handler for its scripts would receive it.
    const bubbles = type !== "error";
    return this.dispatchEvent(new CustomEvent(type, { detail, bubbles, composed: bubbles, cancelable: true }));
  }
}

function textsOf(json: string | null): Partial<Texts> {
  if (!json) return {};
  try {
    return JSON.parse(json) as Partial<Texts>;
  } catch {
    console.error("biometry-scanner: the attribute texts is no JSON");
    return {};
  }
}

/** 128 random bits. `crypto.randomUUID` needs a secure page, a file can be chosen on any. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
