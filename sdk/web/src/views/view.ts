import type { Translate } from "../texts/texts.js";

/** What a view may do and knows. */
export interface Actions {
  text: Translate;
  open(): void;
  chooseFile(): void;
  record(): void;
  stop(): void;
  cancel(): void;
  retake(): void;
  use(): void;
  sendNow(): void;
  back(): void;
  chooseCamera(id: string): void;
  chooseMicrophone(id: string): void;
}

/** What is on the screen in a state. */
export interface View {
  element: HTMLElement;
  /** Where the keyboard goes when the view appears in place of one that had it. */
  focus: HTMLElement;
}
