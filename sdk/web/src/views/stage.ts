import { button, h } from "../dom.js";
import type { Devices } from "../camera.js";
import { ovalOf, type Hint } from "../guide/hint.js";
import { barOf, loudnessOf } from "../level.js";
import type { Problem } from "../problems.js";
import { wordAt, type Pace } from "../phrase.js";
import { problemLine } from "./problem.js";
import type { Actions, View } from "./view.js";

const SVG = "http://www.w3.org/2000/svg";
const METER_STEPS_MS = 500;

/** The preview with its oval, the phrase, the level and the controls: ready, counting down and recording. */
export class Stage {
  readonly video: HTMLVideoElement;
  readonly element: HTMLElement;
  #actions: Actions;
  #pace: Pace;
  #frame: HTMLElement;
  #oval: SVGElement | null = null;
  #count = h("div", { class: "count", "aria-hidden": "true" });
  #hint: HTMLElement;
  #words: HTMLElement[];
  #meter: HTMLElement;
  #loudness = h("span", {});
  #bar = h("div", {});
  #described = 0;
  #controls = h("div", { class: "row" });
  #left = h("span", { role: "timer" });
  #problem = h("div", {});
  #devices = h("div", { class: "devices" });

  constructor(actions: Actions, pace: Pace, mirrored: boolean) {
    const { text } = actions;
    this.#actions = actions;
    this.#pace = pace;
    this.video = h("video", { class: mirrored ? "mirrored" : "", "aria-label": text("preview"), playsinline: true });
    [this.video.muted, this.video.autoplay] = [true, true];
    this.#frame = h("div", { class: "stage", part: "stage" }, this.video, this.#count);
    this.#hint = h("p", { class: "hint", "aria-live": "polite", part: "hint" }, text("guide_waiting"));
    this.#words = pace.words.map((word) => h("span", {}, word));
    this.#meter = h(
      "div",
      {
        class: "bar",
        role: "meter",
        "aria-label": text("level"),
        "aria-valuemin": 0,
        "aria-valuemax": 100,
        "aria-valuenow": 0,
      },
      this.#bar,
    );
    this.element = h(
      "div",
      { class: "body" },
      this.#problem,
      h("p", {}, text(pace.words.length > 0 ? "say" : "say_nothing")),
      pace.words.length > 0 && h("p", { class: "phrase", part: "phrase" }, ...this.#spaced()),
      this.#frame,
      this.#hint,
      h("div", { class: "level" }, h("span", { "aria-hidden": "true" }, text("level")), this.#meter, this.#loudness),
      this.#controls,
      this.#devices,
    );
    this.video.addEventListener("resize", () => this.#drawOval());
  }

  /** Words apart by spaces too, so that they are read and copied as a phrase. */
  #spaced(): (HTMLElement | string)[] {
    return this.#words.flatMap((word, at) => (at === 0 ? [word] : [" ", word]));
  }

  ready(devices: Devices, used: { camera: string; microphone: string }, problem: Problem | null, file: boolean): View {
    const { text } = this.#actions;
    const record = button(text("record"), "primary", this.#actions.record);
    this.#problem.replaceChildren(...(problem ? [problemLine(text, problem)] : []));
    this.#devices.replaceChildren(
      ...this.#choice(text("camera"), devices.cameras, used.camera, this.#actions.chooseCamera),
      ...this.#choice(text("microphone"), devices.microphones, used.microphone, this.#actions.chooseMicrophone),
    );
    this.#controls.replaceChildren(
      record,
      ...(file ? [button(text("choose_file"), "secondary", this.#actions.chooseFile)] : []),
    );
    this.#count.textContent = "";
    this.#oval?.classList.remove("live");
    this.#mark(-2);
    this.#announceHints(true);
    return { element: this.element, focus: record };
  }

  /** From here nothing is read out: what a screen reader says would be in the recording. */
  counting(): View {
    const { text } = this.#actions;
    this.#announceHints(false);
    const cancel = button(text("cancel"), "secondary", this.#actions.cancel);
    this.#problem.replaceChildren();
    this.#devices.replaceChildren();
    this.#controls.replaceChildren(cancel);
    return { element: this.element, focus: cancel };
  }

  count(seconds: number): void {
    this.#count.textContent = String(seconds);
  }

  recording(): View {
    this.#announceHints(false);
    const stop = button(this.#actions.text("stop"), "primary", this.#actions.stop);
    this.#problem.replaceChildren();
    this.#devices.replaceChildren();
    this.#controls.replaceChildren(stop, this.#left);
    this.#count.textContent = "";
    this.#oval?.classList.add("live");
    this.elapsed(0);
    return { element: this.element, focus: stop };
  }

  elapsed(seconds: number): void {
    const left = Math.max(0, Math.ceil(this.#pace.seconds - seconds));
    this.#left.textContent = this.#actions.text("seconds_left", { seconds: left });
    this.#mark(wordAt(this.#pace, seconds));
  }

  #announceHints(on: boolean): void {
    this.#hint.setAttribute("aria-live", on ? "polite" : "off");
  }

  hint(hint: Hint): void {
    this.#hint.textContent = this.#actions.text(`guide_${hint}`);
    this.#hint.dataset["hint"] = hint;
    this.#oval?.classList.toggle("good", hint === "good");
  }

  level(amplitude: number): void {
    this.#bar.style.setProperty("--share", `${barOf(amplitude)}%`);
    const now = performance.now();
    if (now - this.#described < METER_STEPS_MS) return;
    this.#described = now;
    const words = this.#actions.text(`level_${loudnessOf(amplitude)}`);
    this.#meter.setAttribute("aria-valuenow", String(barOf(amplitude)));
    this.#meter.setAttribute("aria-valuetext", words);
    this.#loudness.textContent = words;
  }

  /** Marks the word that is due and those before it; -2 marks none. */
  #mark(current: number): void {
    this.#words.forEach((word, at) => {
      word.classList.toggle("now", at === current);
      word.classList.toggle("said", at < current);
    });
  }

  #choice(label: string, devices: MediaDeviceInfo[], used: string, choose: (id: string) => void): HTMLElement[] {
    if (devices.length < 2) return [];
    const select = h("select", { "aria-label": label, change: () => choose(select.value) });
    devices.forEach((device, at) => {
      const name = device.label || this.#actions.text("unnamed_device", { number: at + 1 });
      const option = h("option", { value: device.deviceId }, name);
      option.selected = device.deviceId === used;
      select.append(option);
    });
    return [h("label", {}, label, select)];
  }

  #drawOval(): void {
    const { videoWidth: width, videoHeight: height } = this.video;
    if (width === 0 || height === 0) return;
    this.#frame.style.setProperty("--ratio", String(width / height));
    const { x, y, rx, ry } = ovalOf(width, height);
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("aria-hidden", "true");
    const around = `M${x - rx},${y}a${rx},${ry} 0 1 0 ${2 * rx},0a${rx},${ry} 0 1 0 ${-2 * rx},0z`;
    const shade = document.createElementNS(SVG, "path");
    shade.setAttribute("d", `M0,0H${width}V${height}H0z${around}`);
    shade.setAttribute("fill-rule", "evenodd");
    shade.setAttribute("class", "shade");
    const oval = document.createElementNS(SVG, "path");
    oval.setAttribute("d", around);
    oval.setAttribute("class", this.#oval?.getAttribute("class") ?? "oval");
    svg.append(shade, oval);
    this.#oval = oval;
    this.#frame.querySelector("svg")?.remove();
    this.video.after(svg);
  }
}
