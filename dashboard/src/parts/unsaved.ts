/** A draft is not lost by accident: leaving its page asks first, within the dashboard and out of it. */

import { useEffect } from "react";

const QUESTION = "Leave this page? Your changes are not saved.";
const drafts = new Set<object>();

/** Whether one may go on: nothing is unsaved, or the person says so. */
export const mayLeave = (ask: (question: string) => boolean = (question) => window.confirm(question)) =>
  drafts.size === 0 || ask(QUESTION);

/** While `unsaved`, leaving the page asks first. */
export function useUnsaved(unsaved: boolean) {
  useEffect(() => {
    if (!unsaved) return;
    const draft = {};
    drafts.add(draft);
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => {
      drafts.delete(draft);
      window.removeEventListener("beforeunload", warn);
    };
  }, [unsaved]);
}
