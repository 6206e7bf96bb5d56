import { h } from "../dom.js";
import type { Problem } from "../problems.js";
import type { Translate } from "../texts/texts.js";

/** A problem in words, read out at once. What the server said follows the component's own sentence. */
export function problemLine(text: Translate, problem: Problem): HTMLElement {
  const said = problem.detail ? ` (${problem.detail})` : "";
  return h("p", { class: "problem", role: "alert", part: "problem" }, text(problem.code, problem.values) + said);
}
