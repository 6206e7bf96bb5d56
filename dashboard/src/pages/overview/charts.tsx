import { Button, SimpleGrid, Table } from "@mantine/core";
import { type ReactNode, useMemo, useState } from "react";

import { useReasons } from "../../api/reasons";
import type { Bucket } from "../../api/stats";
import { Note, Panel } from "../../parts/panel";
import { Plot, type Series } from "./plot";
import { sums, topReasons } from "./sums";

const LINES = ["var(--mantine-color-violet-text)", "var(--fail)", "var(--refer)", "var(--mantine-color-teal-text)"];

/** Volume, pass rate, latency and reasons over time. */
export default function Charts({ buckets, daily }: { buckets: Bucket[]; daily: boolean }) {
  const explain = useReasons();
  const at = useMemo(() => buckets.map((bucket) => Date.parse(bucket.at) / 1000), [buckets]);
  const { total, passRate, p95 } = sums(buckets);
  const volume: Series[] = [
    { label: "pass", color: "var(--pass)", values: buckets.map(({ pass }) => pass) },
    { label: "refer", color: "var(--refer)", values: buckets.map(({ refer }) => refer) },
    { label: "fail", color: "var(--fail)", values: buckets.map(({ fail }) => fail) },
    {
      label: "no decision",
      color: "var(--mantine-color-dimmed)",
      values: buckets.map((bucket) => Math.max(0, bucket.total - bucket.pass - bucket.refer - bucket.fail)),
    },
  ];
  const rate: Series[] = [
    {
      label: "passed, %",
      color: "var(--pass)",
      values: buckets.map(({ pass, refer, fail }) =>
        pass + refer + fail === 0 ? null : (100 * pass) / (pass + refer + fail),
      ),
    },
  ];
  const latency: Series[] = [
    { label: "p50 latency, ms", color: "var(--mantine-color-anchor)", values: buckets.map(({ p50_ms }) => p50_ms) },
    { label: "p95 latency, ms", color: "var(--refer)", values: buckets.map(({ p95_ms }) => p95_ms) },
  ];
  const reasons: Series[] = topReasons(buckets, 4, explain).map(([reason], index) => ({
    label: explain(reason).title,
    color: LINES[index] ?? "currentColor",
    values: buckets.map((bucket) => bucket.reasons[reason] ?? 0),
  }));
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }}>
      <Chart title="Calls" summary={`${total} calls`} at={at} series={volume} daily={daily} stacked />
      <Chart
        title="Pass rate"
        summary={passRate === null ? "nothing decided" : `${(passRate * 100).toFixed(1)} % passed`}
        at={at}
        series={rate}
        daily={daily}
        top={100}
      />
      <Chart
        title="Latency"
        summary={p95 === null ? "nothing measured" : `p95 about ${Math.round(p95)} ms`}
        at={at}
        series={latency}
        daily={daily}
      />
      <Chart
        title="Reasons"
        summary={reasons.map(({ label }) => label).join(", ") || "none"}
        at={at}
        series={reasons}
        daily={daily}
      />
    </SimpleGrid>
  );
}

interface ChartProps {
  title: string;
  summary: string;
  at: number[];
  series: Series[];
  daily: boolean;
  stacked?: boolean;
  top?: number;
}

/** A chart, or the same as a table for who cannot see it. */
export function Chart({ title, summary, at, series, daily, stacked = false, top }: ChartProps) {
  const [table, setTable] = useState(false);
  const body: ReactNode = table ? (
    <Rows title={title} at={at} series={series} daily={daily} />
  ) : (
    <Plot label={`${title} over time: ${summary}`} at={at} series={series} stacked={stacked} top={top} />
  );
  return (
    <Panel
      title={title}
      miw={0}
      data-testid="chart"
      aside={
        <Button
          size="compact-xs"
          variant="subtle"
          onClick={() => setTable(!table)}
          aria-pressed={table}
          aria-label={`${title} as a table`}
        >
          {table ? "Chart" : "Table"}
        </Button>
      }
    >
      {series.length === 0 ? <Note>Nothing to draw.</Note> : body}
    </Panel>
  );
}

function Rows({ title, at, series, daily }: { title: string; at: number[]; series: Series[]; daily: boolean }) {
  const format = new Intl.DateTimeFormat(
    undefined,
    daily ? { dateStyle: "medium" } : { dateStyle: "short", timeStyle: "short" },
  );
  return (
    <div style={{ maxHeight: 260, overflow: "auto" }} tabIndex={0} role="region" aria-label={`${title} as a table`}>
      <Table fz="xs" verticalSpacing={3}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Time</Table.Th>
            {series.map(({ label }) => (
              <Table.Th key={label} ta="right">
                {label}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {at.map((time, index) => (
            <Table.Tr key={time}>
              <Table.Td>{format.format(time * 1000)}</Table.Td>
              {series.map(({ label, values }) => (
                <Table.Td key={label} ta="right" className="num">
                  {values[index]?.toLocaleString(undefined, { maximumFractionDigits: 1 }) ?? "–"}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
