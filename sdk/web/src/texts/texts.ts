import { de } from "./de.js";
import { en, type Texts } from "./en.js";
import { es } from "./es.js";

export type { Texts };
export type TextKey = keyof Texts;
export type Language = "en" | "es" | "de";

const LANGUAGES: Record<Language, Texts> = { en, es, de };

/** The first of the wanted languages that there are texts in; `de-AT` is `de`. */
export function languageOf(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split("-")[0];
    if (language === "en" || language === "es" || language === "de") return language;
  }
  return "en";
}

export type Translate = (key: TextKey, values?: Record<string, string | number>) => string;

/** Texts of a language, with the page's own in place of them; `{name}` is replaced by a value. */
export function translator(language: Language, own: Partial<Texts>): Translate {
  return (key, values = {}) =>
    (own[key] ?? LANGUAGES[language][key]).replace(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole));
}
