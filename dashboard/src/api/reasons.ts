import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";

import { words } from "../parts/words";
import { get } from "./client";
import type { One } from "./types";

export type Severity = "ok" | "info" | "warning" | "critical";

/** What a code means, in the server's words. */
export interface Reason {
  code: string;
  group: string;
  severity: Severity;
  title: string;
  explanation: string;
  remedy: string | null;
}

export type Explain = (code: string) => Reason;

/** A code that has no entry (yet): its own words. */
const unexplained = (code: string): Reason => ({
  code,
  group: "",
  severity: "info",
  title: words(code),
  explanation: "",
  remedy: null,
});

/** The server's catalogue of reasons; it changes with the server alone. */
export function useReasons(): Explain {
  const { data } = useQuery({
    queryKey: ["reasons"],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => get<One<Reason[]>>("/api-projects/reasons", signal).then(({ data }) => data),
  });
  const by = useMemo(() => new Map(data?.map((reason) => [reason.code, reason])), [data]);
  return useCallback((code: string) => by.get(code) ?? unexplained(code), [by]);
}
