import { button, h } from "../dom.js";
import type { Problem } from "../problems.js";
import { problemLine } from "./problem.js";
import type { Actions, View } from "./view.js";

/** An upload under way. */
export class Sending implements View {
  readonly element: HTMLElement;
  readonly focus: HTMLElement;
  #actions: Actions;
  #progress: HTMLProgressElement;
  #line = h("p", { role: "status" });
  #now: HTMLButtonElement;

  constructor(actions: Actions) {
    const { text } = actions;
    this.#actions = actions;
    this.#progress = h("progress", { max: 100, value: 0, "aria-label": text("sending") });
    this.#now = button(text("try_now"), "primary", actions.sendNow);
    this.#now.hidden = true;
    this.focus = h("h2", { tabindex: "-1" }, text("sending"));
    const cancel = button(text("cancel"), "secondary", actions.back);
    this.element = h(
      "div",
      { class: "body" },
      this.focus,
      this.#progress,
      this.#line,
      h("div", { class: "row" }, this.#now, cancel),
    );
  }

  progress(share: number): void {
    this.#progress.value = Math.round(share * 100);
    if (share >= 1) this.#say(this.#actions.text("processing"));
  }

  /** Every second; the first is read out. */
  retrying(seconds: number): void {
    this.#line.setAttribute("aria-live", this.#now.hidden ? "polite" : "off");
    this.#now.hidden = false;
    this.#say(this.#actions.text("retrying", { seconds }));
  }

  again(): void {
    this.#now.hidden = true;
    this.#progress.value = 0;
    this.#line.setAttribute("aria-live", "polite");
    this.#say("");
  }

  #say(text: string): void {
    if (this.#line.textContent !== text) this.#line.textContent = text;
  }
}

/** After the last attempt. What the server rejected is not offered again: it would be rejected again. */
export function unsentView(actions: Actions, problem: Problem): View {
  const { text } = actions;
  const heading = h("h2", { tabindex: "-1" }, text("unsent"));
  const again = problem.code !== "rejected";
  const element = h(
    "div",
    { class: "body" },
    heading,
    problemLine(text, problem),
    h(
      "div",
      { class: "row" },
      again && button(text("try_again"), "primary", actions.use),
      button(text("retake"), again ? "secondary" : "primary", actions.retake),
    ),
  );
  return { element, focus: heading };
}

/** When the page has the recording. */
export function doneView(actions: Actions, uploaded: boolean): View {
  const { text } = actions;
  const heading = h("h2", { tabindex: "-1" }, text(uploaded ? "uploaded" : "done"));
  const element = h(
    "div",
    { class: "body" },
    heading,
    h("div", { class: "row" }, button(text("retake"), "secondary", actions.retake)),
  );
  return { element, focus: heading };
}
