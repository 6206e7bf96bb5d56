import { Badge, Group, Stack, Table, Text, Tooltip } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";

import { type Explain, useReasons } from "../../api/reasons";
import type { Transaction } from "../../api/types";
import { FlagBadge, VerdictBadge } from "../../parts/badges";
import { Rows } from "../../parts/rows";
import { When } from "../../parts/time";
import { words } from "../../parts/words";
import { ReviewBadge } from "../reviews/badge";
import { causeOf } from "../transaction/headline";

const MAX_TAGS = 3;

interface Props<T extends Transaction> {
  rows: T[];
  /** Those that came just now. */
  fresh?: ReadonlySet<string>;
  caption: string;
  /** A column of what a row has in common with something else. */
  shares?: (row: T) => string;
  /** In place of a table without rows. */
  empty?: ReactNode;
}

/** Transactions as rows; narrow screens keep the columns that tell most. */
export function TransactionTable<T extends Transaction>({ rows, fresh, caption, shares, empty }: Props<T>) {
  return (
    <Rows
      label={caption}
      rows={rows}
      empty={empty}
      columns={[
        "Time",
        "Verdict",
        { name: "Score", from: "sm", right: true },
        ...(shares ? ["Shares"] : []),
        "User",
        { name: "Kind", from: "md" },
        { name: "Why", from: "lg" },
        { name: "Place", from: "xl" },
        { name: "Tags", from: "lg" },
      ]}
    >
      {(row) => <Row key={row.id} row={row} fresh={fresh?.has(row.id) ?? false} shares={shares?.(row)} />}
    </Rows>
  );
}

function Row({ row, fresh, shares }: { row: Transaction; fresh: boolean; shares: string | undefined }) {
  const [, navigate] = useLocation();
  const href = `/transactions/${row.id}`;
  const open = (event: React.MouseEvent) => {
    if (!(event.target as HTMLElement).closest("a,button")) navigate(href);
  };
  const explain = useReasons();
  return (
    <Table.Tr
      onClick={open}
      style={{ cursor: "pointer" }}
      bg={fresh ? "var(--mantine-color-brand-light)" : undefined}
      data-testid="transaction"
      data-id={row.id}
    >
      <Table.Td>
        <Link href={href} className="row-link">
          <When at={row.created_at} />
        </Link>
      </Table.Td>
      <Table.Td>{row.verdict ? <VerdictBadge verdict={row.verdict} /> : <Status row={row} />}</Table.Td>
      <Table.Td visibleFrom="sm" ta="right" className="num">
        {row.score === null ? "–" : row.score.toFixed(1)}
      </Table.Td>
      {shares !== undefined && <Table.Td>{shares}</Table.Td>}
      <Table.Td>
        <Stack gap={2}>
          <Text
            size="sm"
            lineClamp={1}
            maw={{ base: 150, sm: 280 }}
            className="any"
            title={row.user_fullname ?? undefined}
          >
            {row.user_fullname ?? "–"}
          </Text>
          <Text size="xs" c="dimmed" lineClamp={2} maw={{ base: 170, sm: 280 }} hiddenFrom="lg">
            <Text span inherit hiddenFrom="sm" className="num">
              {row.score !== null && `${row.score.toFixed(1)} `}
            </Text>
            {why(row, explain)}
          </Text>
          <Group gap={4}>
            {row.mode === "test" && <Badge color="yellow">Test</Badge>}
            <FlagBadge flag={row.flag} />
            {row.review && <ReviewBadge review={row.review} />}
            {row.fraud.length > 0 && (
              <Tooltip label={row.fraud.map(({ rule }) => explain(rule).title).join(", ")}>
                <Badge color="red" variant="light" leftSection={<IconAlertTriangle size={12} aria-hidden />}>
                  {row.fraud.length === 1 ? explain(row.fraud[0]?.rule ?? "").title : `${row.fraud.length} fraud rules`}
                </Badge>
              </Tooltip>
            )}
          </Group>
        </Stack>
      </Table.Td>
      <Table.Td visibleFrom="md">{words(row.kind)}</Table.Td>
      <Table.Td visibleFrom="lg">
        <Text size="sm" lineClamp={2} maw={260}>
          {why(row, explain)}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="xl">
        <Text size="sm" lineClamp={1} maw={160}>
          {[row.geo?.city, row.geo?.country].filter(Boolean).join(", ") || "–"}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="lg">
        <Group gap={4}>
          {row.tags.slice(0, MAX_TAGS).map((tag, index) => (
            <Badge key={index} color="gray" maw={140} data-cut>
              {tag}
            </Badge>
          ))}
          {row.tags.length > MAX_TAGS && (
            <Text size="xs" c="dimmed">
              +{row.tags.length - MAX_TAGS}
            </Text>
          )}
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}

/** Calls without a decision: whether they worked. */
function Status({ row }: { row: Transaction }) {
  return (
    <Badge color={row.http_status < 400 ? "gray" : "red"}>
      {row.http_status < 400 ? "done" : `refused ${row.http_status}`}
    </Badge>
  );
}

/** The cause of the decision; all went well: nothing. */
function why(row: Transaction, explain: Explain): string {
  if (row.error) return row.error;
  if (row.verdict) return row.verdict === "pass" ? "" : (causeOf(row, explain)?.title ?? "");
  return row.decision_reasons.map((reason) => explain(reason).title).join(", ");
}
