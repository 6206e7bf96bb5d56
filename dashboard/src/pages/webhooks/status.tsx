import { Badge } from "@mantine/core";

import type { Webhook } from "../../api/types";

const COLOURS = { active: "green", paused: "orange", disabled: "red" } as const;

export function WebhookStatus({ status }: { status: Webhook["status"] }) {
  return <Badge color={COLOURS[status] ?? "gray"}>{status}</Badge>;
}

export const everything = (events: string[]) => events.length === 0 || events.includes("*");
