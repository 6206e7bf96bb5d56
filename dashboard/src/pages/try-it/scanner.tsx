import { Alert, Loader } from "@mantine/core";
import { type CSSProperties, type HTMLAttributes, type Ref, useEffect, useRef, useState } from "react";

import type { BiometryScanner } from "../../../../sdk/web/src/index";
import { connection } from "../../api/connection";
import { type Asked, TRY_IT_URL, type TriedOut, tryItForm } from "../../api/try-it";

/** The component as the server gives it to every page. */
const COMPONENT = "/sdk/biometry-scanner.js";
const LOOKS = {
  "--scanner-accent": "var(--mantine-primary-color-filled)",
  "--scanner-on-accent": "var(--mantine-primary-color-contrast)",
  "--scanner-danger": "var(--mantine-color-red-filled)",
} as CSSProperties;

interface ScannerAttributes extends HTMLAttributes<BiometryScanner> {
  ref: Ref<BiometryScanner>;
  phrase: string;
  "upload-url": string;
  autostart: "";
}

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "biometry-scanner": ScannerAttributes;
    }
  }
}

interface Props extends Asked {
  onAnswer: (answer: TriedOut) => void;
  /** Records again, so another phrase is due. */
  onRetake: () => void;
  /** Whether the phrase may change now. */
  onReady: (ready: boolean) => void;
}

/** Records and sends; the answer comes by `onAnswer`. */
export function Scanner({ phrase, user, keep, onAnswer, onRetake, onReady }: Props) {
  const loaded = useComponent();
  const element = useRef<BiometryScanner>(null);
  useEffect(() => {
    const scanner = element.current;
    if (!scanner) return;
    const form = tryItForm({ user, keep });
    scanner.headers = form.headers;
    scanner.fields = form.fields;
    scanner.texts = { use: "Send it", use_file: "Send it" };
    const listening = new AbortController();
    const { signal } = listening;
    scanner.addEventListener(
      "uploaded",
      ({ detail }) => {
        connection.reached();
        onAnswer({ decided: detail.body as TriedOut["decided"], transaction: detail.requestId });
      },
      { signal },
    );
    scanner.addEventListener("error", ({ detail }) => detail.code === "offline" && connection.lost(), { signal });
    scanner.addEventListener("retake", onRetake, { signal });
    scanner.addEventListener("statechange", ({ detail }) => onReady(detail.state === "ready"), { signal });
    return () => listening.abort();
  }, [loaded, user, keep, onAnswer, onRetake, onReady]);
  if (loaded === "failed")
    return (
      <Alert color="orange" role="alert">
        The capture component could not be loaded. Reload the page.
      </Alert>
    );
  if (loaded === "loading") return <Loader size="sm" role="status" aria-label="Loading" />;
  return (
    <biometry-scanner ref={element} phrase={phrase} upload-url={TRY_IT_URL} autostart="" lang="en" style={LOOKS} />
  );
}

function useComponent(): "loading" | "loaded" | "failed" {
  const [state, setState] = useState<"loading" | "loaded" | "failed">("loading");
  useEffect(() => {
    import(/* @vite-ignore */ COMPONENT).then(
      () => setState("loaded"),
      () => setState("failed"),
    );
  }, []);
  return state;
}
