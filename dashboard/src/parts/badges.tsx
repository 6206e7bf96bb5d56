import { Badge } from "@mantine/core";
import { IconCheck, IconEye, IconFlag, IconX } from "@tabler/icons-react";

import type { Flag, Verdict } from "../api/types";
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

/** A stable reason such as `liveness_failed`, coloured by its outcome. */
export function ReasonBadge({ reason }: { reason: string }) {
  const color = /_(failed|revoked|withdrawn)$/.test(reason)
    ? "red"
    : /_(passed|given)$/.test(reason)
      ? "green"
      : /_(referred|missing|not_judged)$/.test(reason)
        ? "orange"
        : "gray";
  return (
    <Badge color={color} variant="light">
      {words(reason)}
    </Badge>
  );
}
