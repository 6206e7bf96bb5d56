import "@mantine/core/styles.css";
import "./app.css";

import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";

import { client } from "./api/queries";
import { me, wasSignedIn } from "./api/session";
import { App } from "./app";
import { mayLeave } from "./parts/unsaved";
import { contrast, theme } from "./theme";

// A page that is gone to begins at its top; going back is left to the browser.
window.addEventListener("pushState", () => window.scrollTo(0, 0));

// What the page's policy knows its own style elements by.
const nonce = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";
// Read by what locks the page's scrolling under a dialog (get-nonce).
Object.assign(globalThis, { __webpack_nonce__: nonce });

// Who it is, is asked before anything is drawn, and what is most likely shown then is loaded meanwhile.
void client.prefetchQuery(me);
void (wasSignedIn() ? import("./shell/shell") : import("./pages/sign-in/sign-in"));

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        defaultColorScheme="auto"
        cssVariablesResolver={contrast}
        getStyleNonce={() => nonce}
      >
        <QueryClientProvider client={client}>
          <Router base="/dashboard" aroundNav={(go, to, options) => mayLeave() && go(to, options)}>
            <App />
          </Router>
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
