import { BiometryScanner } from "./scanner.js";

export { BiometryScanner };
export type { ScannerEvents } from "./events.js";
export type { Answer, Capture, StateName } from "./machine.js";
export type { Problem, ProblemCode } from "./problems.js";
export type { Texts } from "./texts/texts.js";

declare global {
  interface HTMLElementTagNameMap {
    "biometry-scanner": BiometryScanner;
  }
}

if (globalThis.customElements && !customElements.get("biometry-scanner")) {
  customElements.define("biometry-scanner", BiometryScanner);
}
