import { BiometryScanner } from "./scanner";

export { BiometryScanner };
export type { ScannerEvents } from "./events";
export type { Answer, Capture, StateName } from "./machine";
export type { Problem, ProblemCode } from "./problems";
export type { Texts } from "./texts/texts";

declare global {
  interface HTMLElementTagNameMap {
    "biometry-scanner": BiometryScanner;
  }
}

if (globalThis.customElements && !customElements.get("biometry-scanner")) {
  customElements.define("biometry-scanner", BiometryScanner);
}
