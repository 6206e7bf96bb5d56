import { button, h } from "../dom.js";
import type { Capture } from "../machine.js";
import type { Actions, View } from "./view.js";

/** The recording to look at, before it is used. */
export function reviewView(actions: Actions, capture: Capture, url: string): View {
  const { text } = actions;
  const heading = h("h2", { tabindex: "-1" }, text("review"));
  const video = h("video", {
    src: url,
    controls: true,
    playsinline: true,
    "aria-label": text("recording"),
    part: "recording",
  });
  const fromCamera = capture.source === "camera";
  const use = button(text(fromCamera ? "use" : "use_file"), "primary", actions.use);
  const element = h(
    "div",
    { class: "body" },
    heading,
    capture.heard === false
      ? h("p", { class: "problem", role: "alert" }, text("nothing_heard"))
      : h("p", { class: "quiet" }, text("review_hint")),
    h("div", { class: "stage" }, video),
    h("div", { class: "row" }, use, button(text("retake"), "secondary", actions.retake)),
  );
  return { element, focus: heading };
}
