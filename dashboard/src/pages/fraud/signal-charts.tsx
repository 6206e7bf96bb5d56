import { Table, SimpleGrid } from "@mantine/core";
import { useMemo } from "react";
import { Link } from "wouter";

import type { FraudBucket } from "../../api/fraud";
import { useReasons } from "../../api/reasons";
import { Panel } from "../../parts/panel";
import { NumberCell } from "../../parts/rows";
import { FRAUD_RULES } from "../../parts/words";
import { Chart } from "../overview/charts";
import { topSignals } from "./spans";

const COLORS = [
  "var(--fail)",
  "var(--mantine-color-violet-text)",
  "var(--refer)",
  "var(--mantine-color-teal-text)",
  "var(--mantine-color-anchor)",
];

/** Suspicious calls and signals over time, and how often each signal came. */
export default function SignalCharts({ buckets, daily }: { buckets: FraudBucket[]; daily: boolean }) {
  const explain = useReasons();
  const at = useMemo(() => buckets.map((bucket) => Date.parse(bucket.at) / 1000), [buckets]);
  const all = topSignals(buckets, Number.POSITIVE_INFINITY);
  const series = all.slice(0, COLORS.length).map(([signal], index) => ({
    label: explain(signal).title,
    color: COLORS[index] ?? "currentColor",
    values: buckets.map(({ signals }) => signals[signal] ?? 0),
  }));
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }}>
      <Chart
        title="Attacks over time"
        summary={series.map(({ label }) => label).join(", ")}
        at={at}
        series={series}
        daily={daily}
        stacked
      />
      <Panel title="Signals">
        <Table aria-label="Signals">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Signal</Table.Th>
              <Table.Th ta="right">Calls</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {all.map(([signal, calls]) => (
              <Table.Tr key={signal} data-signal={signal}>
                <Table.Td>
                  {FRAUD_RULES.includes(signal) ? (
                    <Link href={`/transactions?fraud=${signal}`}>{explain(signal).title}</Link>
                  ) : (
                    explain(signal).title
                  )}
                </Table.Td>
                <NumberCell>{calls.toLocaleString()}</NumberCell>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Panel>
    </SimpleGrid>
  );
}
