import { Badge } from "@mantine/core";
import { IconCheck, IconEye, IconFlag, IconX } from "@tabler/icons-react";

import type { Flag, Verdict } from "../api/types";
import { type Severity, useReasons } from "../api/reasons";
import { words } from "./words";

const VERDICTS = {
  pass: { color: "green", icon: <IconCheck size={13} aria-hidden /> },
  refer: { color: "orange", icon: <IconEye size={13} aria-hidden /> },
  fail: { color: "red", icon: <IconX size={13} aria-hidden /> },
} as const;

export function VerdictBadge({ verdict, size = "md" }: { verdict: Verdict | null; size?: "md" | "lg" }) {
  if (!verdict) return <span aria-label="no decision">–</span>;
  const look = VERDICTS[verdict];
  return (
    <Badge color={look.color} leftSection={look.icon} size={size}>
      {verdict}
    </Badge>
  );
}

export function FlagBadge({ flag }: { flag: Flag | null }) {
  if (!flag) return null;
  const color = flag === "fraudulent" ? "red" : flag === "ok" ? "green" : "orange";
  return (
    <Badge color={color} leftSection={<IconFlag size={12} aria-hidden />}>
      {flag === "ok" ? "Reviewed, ok" : words(flag)}
    </Badge>
  );
}

const COLORS: Record<Severity, string> = { ok: "green", info: "gray", warning: "orange", critical: "red" };

/** A stable reason such as `liveness_failed` in words, coloured by its severity. */
export function ReasonBadge({ reason }: { reason: string }) {
  const { title, explanation, severity } = useReasons()(reason);
  return (
    <Badge color={COLORS[severity]} variant="light" title={explanation || undefined} data-reason={reason}>
      {title}
    </Badge>
  );
}
