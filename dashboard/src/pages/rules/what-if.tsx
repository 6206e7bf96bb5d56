import { Button, Group, NumberInput, Paper, SimpleGrid, Stack, Table, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";

import { sentence } from "../../api/client";
import { MAY } from "../../api/permissions";
import { whatIf } from "../../api/projects";
import type { Judgement, Replay, Rules, Verdict } from "../../api/types";
import { AllowedButton } from "../../parts/allowed";
import { ReasonBadge, VerdictBadge } from "../../parts/badges";
import { Refused } from "../../parts/form";
import { Panel } from "../../parts/panel";
import { Rows } from "../../parts/rows";
import { When } from "../../parts/time";
import { words } from "../../parts/words";
import { fromLocal } from "../transactions/filters";
import { Curve } from "./curve";
import type { Draft } from "./draft";

const VERDICTS: Verdict[] = ["pass", "refer", "fail"];

/** What the draft would have decided of what happened. Nothing is changed by asking. */
export function WhatIf({ rules, draft }: { rules: Rules | null; draft: Draft }) {
  const [limit, setLimit] = useState<number>(1000);
  const [from, setFrom] = useState("");
  const question = { limit, ...(fromLocal(from) && { from: fromLocal(from) }) };
  const replay = useMutation({
    mutationFn: (cursor?: string) => whatIf({ rules, ...question, ...(cursor && { cursor }) }),
  });
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        Past videos are decided again by the rules as they stand under Edit, saved or not.
      </Text>
      <Group align="flex-end">
        <NumberInput
          label="Newest calls"
          min={1}
          max={10_000}
          value={limit}
          onChange={(value) => setLimit(Number(value) || 1)}
          w={140}
        />
        <TextInput
          type="datetime-local"
          label="From"
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <AllowedButton
          needs={MAY.tryRules}
          loading={replay.isPending}
          disabled={rules === null}
          onClick={() => replay.mutate(undefined)}
        >
          Run simulation
        </AllowedButton>
      </Group>
      {replay.isError && <Refused>{sentence(replay.error)}</Refused>}
      <Curve rules={rules} draft={draft} question={question} />
      {replay.data && <Outcome replay={replay.data} onMore={(cursor) => replay.mutate(cursor)} />}
    </Stack>
  );
}

function Outcome({ replay, onMore }: { replay: Replay; onMore: (cursor: string) => void }) {
  const skipped = Object.entries(replay.not_replayed);
  const moved = replay.changes.filter(({ old, new: now }) => old.verdict !== now.verdict);
  return (
    <Stack data-testid="replay">
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Panel
          title={
            moved.length === 0
              ? "No verdict changes"
              : `${moved.length} ${moved.length === 1 ? "verdict changes" : "verdicts change"}`
          }
        >
          <Text size="sm" c="dimmed">
            {replay.considered} calls looked at, {replay.replayed} decided again, {replay.changed} with another verdict,
            score or reason.
          </Text>
          <Truth labels={replay.labels} />
          {skipped.length > 0 && (
            <Text size="sm" c="dimmed" mt={4}>
              Not decided again: {skipped.map(([why, count]) => `${count} ${words(why).toLowerCase()}`).join(", ")}.
            </Text>
          )}
        </Panel>
        <Paper p="md">
          <Matrix verdicts={replay.verdicts} />
        </Paper>
      </SimpleGrid>
      {moved.length > 0 && (
        <Rows
          label="Calls whose verdict would change"
          rows={moved}
          minWidth={520}
          columns={["Call", "User", "Current", "New"]}
        >
          {(change) => (
            <Table.Tr key={change.id}>
              <Table.Td>
                <Link href={`/transactions/${change.id}`}>
                  <When at={change.created_at} />
                </Link>
              </Table.Td>
              <Table.Td className="any">{change.user_fullname ?? "–"}</Table.Td>
              <Table.Td>
                <Side side={change.old} />
              </Table.Td>
              <Table.Td>
                <Side side={change.new} other={change.old} />
              </Table.Td>
            </Table.Tr>
          )}
        </Rows>
      )}
      {replay.next_cursor && (
        <Group justify="center">
          <Button variant="default" onClick={() => replay.next_cursor && onMore(replay.next_cursor)}>
            Older calls
          </Button>
        </Group>
      )}
    </Stack>
  );
}

/** What people decided about the same calls: how many of them the rules stop. */
function Truth({ labels: { rejected, approved } }: { labels: Replay["labels"] }) {
  if (rejected.calls + approved.calls === 0)
    return (
      <Text size="sm" c="dimmed" mt={4}>
        No reviews or flags to compare with.
      </Text>
    );
  return (
    <Text size="sm" mt={4} data-testid="labels">
      Stops {rejected.stopped_after} of {rejected.calls} rejected by reviewers (was {rejected.stopped_before}); loses{" "}
      {approved.stopped_after} of {approved.calls} approved (was {approved.stopped_before}).
    </Text>
  );
}

function Side({ side, other }: { side: Judgement; other?: Judgement }) {
  const changed = other ? side.reasons.filter((reason) => !other.reasons.includes(reason)) : [];
  return (
    <Group gap={6}>
      <VerdictBadge verdict={side.verdict} />
      <Text size="sm" className="num">
        {side.score?.toFixed(1) ?? "–"}
      </Text>
      {changed.map((reason) => (
        <ReasonBadge key={reason} reason={reason} />
      ))}
    </Group>
  );
}

function Matrix({ verdicts }: { verdicts: Replay["verdicts"] }) {
  return (
    <Table withColumnBorders highlightOnHover={false} aria-label="Verdicts before and after">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Current vs new</Table.Th>
          {VERDICTS.map((verdict) => (
            <Table.Th key={verdict} ta="right">
              {verdict}
            </Table.Th>
          ))}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {VERDICTS.map((old) => (
          <Table.Tr key={old}>
            <Table.Th scope="row">{old}</Table.Th>
            {VERDICTS.map((now) => {
              const count = verdicts[old]?.[now] ?? 0;
              return (
                <Table.Td key={now} ta="right" className="num" fw={count > 0 && old !== now ? 700 : 400}>
                  {count || "–"}
                </Table.Td>
              );
            })}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
