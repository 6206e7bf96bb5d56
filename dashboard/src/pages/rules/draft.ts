/** Rules being edited: the JSON is what counts, the form reads and writes it; the server checks every change. */

import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { validateRules } from "../../api/projects";
import type { DocumentRules, Rules, ServiceRule, Validity } from "../../api/types";

export interface Draft {
  text: string;
  setText: (text: string) => void;
  /** What the text says; null while it is no JSON of this shape. */
  rules: Rules | null;
  /** Why the text cannot be read. */
  syntax: string | null;
  /** The server's word on it; undefined while it is asked. */
  validity: Validity | undefined;
  checking: boolean;
  changed: boolean;
  setRule: (service: string, change: Partial<ServiceRule>) => void;
  setDocuments: (change: Partial<DocumentRules>) => void;
  replace: (rules: Rules) => void;
  reset: () => void;
}

export const pretty = (rules: unknown) => JSON.stringify(rules, null, 2);

export function useDraft(stored: Rules, mayAsk: boolean): Draft {
  const original = useMemo(() => pretty(stored), [stored]);
  const [text, setText] = useState(original);
  const { rules, syntax } = useMemo(() => read(text), [text]);
  const [settled] = useDebouncedValue(text, 350);
  const checked = useQuery({
    queryKey: ["validate", settled],
    enabled: mayAsk && read(settled).syntax === null,
    staleTime: Infinity,
    gcTime: 30_000,
    queryFn: () => validateRules(JSON.parse(settled)),
  });
  const current = settled === text ? checked.data : undefined;
  return {
    text,
    setText,
    rules,
    syntax,
    validity: current,
    checking: mayAsk && syntax === null && current === undefined && !checked.isError,
    changed: text !== original,
    setRule: (service, change) => {
      if (rules)
        setText(
          pretty({
            ...rules,
            services: { ...rules.services, [service]: { mode: "off", ...rules.services[service], ...change } },
          }),
        );
    },
    setDocuments: (change) => {
      if (rules) setText(pretty({ ...rules, documents: { ...rules.documents, ...change } }));
    },
    replace: (other) => setText(pretty(other)),
    reset: () => setText(original),
  };
}

function read(text: string): { rules: Rules | null; syntax: string | null } {
  try {
    const rules: unknown = JSON.parse(text);
    const object = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
    const whole =
      object(rules) && object((rules as Rules).services) && Object.values((rules as Rules).services).every(object);
    return whole
      ? { rules: rules as Rules, syntax: null }
      : { rules: null, syntax: "an object with version and services is needed" };
  } catch (error) {
    return { rules: null, syntax: error instanceof Error ? error.message : "this is no JSON" };
  }
}
