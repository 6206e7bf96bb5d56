import { useEffect, useRef } from "react";

import { isTyping, SEQUENCE_MS } from "../../shell/shortcuts";

/** Single keys of one page. None acts while one types, while a dialog is open or right after `g`. */
export function usePageKeys(handlers: Record<string, () => void>) {
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    let pressedG = -SEQUENCE_MS;
    const onKey = (event: KeyboardEvent) => {
      const modified = event.ctrlKey || event.metaKey || event.altKey;
      if (modified || isTyping(event.target) || document.querySelector('[role="dialog"]')) return;
      if (event.timeStamp - pressedG < SEQUENCE_MS) {
        pressedG = -SEQUENCE_MS;
        return;
      }
      if (event.key === "g") pressedG = event.timeStamp;
      const act = latest.current[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
