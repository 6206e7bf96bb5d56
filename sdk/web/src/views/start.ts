import { button, h } from "../dom.js";
import type { Problem } from "../problems.js";
import { problemLine } from "./problem.js";
import type { Actions, View } from "./view.js";

/** Before the camera is open, and where it cannot be opened. */
export function startView(actions: Actions, problem: Problem | null, file: boolean): View {
  const { text } = actions;
  const open = button(text(problem ? "try_again" : "open"), "primary", actions.open);
  const element = h(
    "div",
    { class: "body" },
    h("h2", {}, text("title")),
    problem ? problemLine(text, problem) : h("p", { class: "quiet" }, text("intro")),
    h("div", { class: "row" }, open, file && button(text("choose_file"), "secondary", actions.chooseFile)),
  );
  return { element, focus: open };
}

/** While the browser asks for permission. */
export function openingView(actions: Actions, file: boolean): View {
  const { text } = actions;
  const heading = h("h2", { tabindex: "-1" }, text("title"));
  const other = file && h("div", { class: "row" }, button(text("choose_file"), "secondary", actions.chooseFile));
  return {
    element: h("div", { class: "body" }, heading, h("p", {}, text("opening")), other),
    focus: heading,
  };
}
