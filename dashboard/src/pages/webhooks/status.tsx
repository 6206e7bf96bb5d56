import { Badge } from "@mantine/core";

import type { Webhook } from "../../api/types";

const COLOURS = { active: "green", paused: "orange", disabled: "red" } as const;

/** An active endpoint that never took an event is said to be failing. */
export function WebhookStatus({ webhook }: { webhook: Webhook }) {
  const { status, success_count: taken, failure_count: failed } = webhook;
  if (status === "active" && failed > 0 && taken === 0) return <Badge color="red">failing</Badge>;
  return <Badge color={COLOURS[status] ?? "gray"}>{status}</Badge>;
}

export const everything = (events: string[]) => events.length === 0 || events.includes("*");
