import { Badge, Group, Paper, Stack, Text, Timeline } from "@mantine/core";
import { Link } from "wouter";

import type { Transaction } from "../../api/types";
import { FlagBadge, VerdictBadge } from "../../parts/badges";
import { Note, Panel } from "../../parts/panel";
import { When } from "../../parts/time";
import { words } from "../../parts/words";
import { ReviewBadge } from "../reviews/badge";
import { DECISIONS, reasonLabel } from "../reviews/words";

/** What happened to a person, newest first: sessions with their calls, decisions, consents, documents and reviews. */
export function PersonTimeline({ rows }: { rows: Transaction[] }) {
  if (rows.length === 0) return <Note>No transactions of this person are stored.</Note>;
  return (
    <Stack gap="sm" data-testid="timeline">
      {bySession(rows).map(({ session, calls }) => (
        <Paper key={calls[0]!.id} p="sm" withBorder>
          {session && (
            <Text size="xs" c="dimmed" mb="xs" className="any">
              Session{" "}
              <Link href={`/transactions?session_id=${encodeURIComponent(session)}`} className="mono">
                {session}
              </Link>
            </Text>
          )}
          <Timeline bulletSize={16} lineWidth={2}>
            {calls.map((call) => (
              <Timeline.Item key={call.id} color={color(call)} title={<Title call={call} />}>
                <Details call={call} />
              </Timeline.Item>
            ))}
          </Timeline>
        </Paper>
      ))}
    </Stack>
  );
}

function Title({ call }: { call: Transaction }) {
  return (
    <Group gap={6}>
      <Link href={`/transactions/${call.id}`}>{words(call.kind)}</Link>
      {call.verdict && <VerdictBadge verdict={call.verdict} />}
      {call.review && <ReviewBadge review={call.review} />}
      <FlagBadge flag={call.flag} />
      {call.fraud.map(({ rule }) => (
        <Badge key={rule} color="red" variant="light">
          {words(rule)}
        </Badge>
      ))}
    </Group>
  );
}

function Details({ call }: { call: Transaction }) {
  const { review } = call;
  const reasons = call.decision_reasons.filter((reason) => !/_(passed|not_enrolled)$/.test(reason));
  return (
    <Stack gap={2}>
      <Text size="xs" c="dimmed" component="div">
        <When at={call.created_at} />
        {call.http_status >= 400 && ` · rejected with ${call.http_status}`}
      </Text>
      {reasons.length > 0 && <Text size="sm">{reasons.map(words).join(", ")}</Text>}
      {review?.decision && (
        <Text size="sm">
          {DECISIONS[review.decision].done} by {review.decided_by?.name || "a key"}, <When at={review.decided_at} />:{" "}
          {reasonLabel(review.reason ?? "")}
        </Text>
      )}
    </Stack>
  );
}

function color({ verdict, http_status }: Transaction): string {
  if (verdict) return { pass: "green", refer: "orange", fail: "red" }[verdict];
  return http_status >= 400 ? "red" : "gray";
}

/** Neighbours of one session together. */
function bySession(rows: Transaction[]): { session: string | null; calls: Transaction[] }[] {
  const groups: { session: string | null; calls: Transaction[] }[] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    if (last && last.session !== null && last.session === row.session_id) last.calls.push(row);
    else groups.push({ session: row.session_id, calls: [row] });
  }
  return groups;
}

/** The panel with the pages read so far. */
export const TimelinePanel = ({ rows }: { rows: Transaction[] }) => (
  <Panel title="Timeline" order={3}>
    <PersonTimeline rows={rows} />
  </Panel>
);
