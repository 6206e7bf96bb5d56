import { useEffect, useRef } from "react";

interface Handlers {
  /** `g` and then a letter. */
  go: (key: string) => void;
  palette: () => void;
  help: () => void;
}

/** Longest time between `g` and the letter. */
export const SEQUENCE_MS = 1200;

export const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** The keys of the whole dashboard: `g …`, `/`, `?`, Ctrl or Cmd K. None acts while one types, but the palette's. */
export function useShortcuts(handlers: Handlers) {
  const latest = useRef(handlers);
  latest.current = handlers;
  useEffect(() => {
    let pressedG = 0;
    const onKey = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        return latest.current.palette();
      }
      if (
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        isTyping(event.target) ||
        document.querySelector('[role="dialog"]')
      )
        return;
      if (event.timeStamp - pressedG < SEQUENCE_MS) {
        pressedG = 0;
        return latest.current.go(event.key);
      }
      if (event.key === "g") pressedG = event.timeStamp;
      else if (event.key === "?") latest.current.help();
      else if (event.key === "/") {
        const search = document.querySelector<HTMLElement>("[data-search]");
        if (search) {
          event.preventDefault();
          search.focus();
        }
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
