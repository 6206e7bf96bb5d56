import { NativeSelect, Paper, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { type MeasuredTable, measuredTables, type Point } from "../../api/calibration";
import { ApiError } from "../../api/client";
import { Empty, Loaded } from "../../parts/page";
import { Note } from "../../parts/panel";
import { NumberCell, Rows } from "../../parts/rows";
import { SERVICES } from "../../parts/words";
import type { Draft } from "./draft";
import { Measured, Passing, percent, RefusedShare, Use } from "./measured";

const RATES = [0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0001];

/** From how many impostors one can bear to the threshold it takes, and to what that costs genuine people. */
export function Calibration({ draft }: { draft: Draft }) {
  const query = useQuery({ queryKey: ["measured-tables"], queryFn: measuredTables, staleTime: 600_000 });
  const [rate, setRate] = useState("0.01");
  if (query.error instanceof ApiError && query.error.status === 404) {
    return (
      <Paper>
        <Empty title="No measured tables here">
          This server gives none. Measure on your own files with <code>biometry evaluate</code> and{" "}
          <code>biometry calibrate</code>.
        </Empty>
      </Paper>
    );
  }
  return (
    <Stack>
      <NativeSelect
        label="Target false-match rate"
        description="How many of those who are not the person, or not live, may pass a service alone"
        maw={420}
        value={rate}
        onChange={(event) => setRate(event.currentTarget.value)}
        data={RATES.map((value) => ({
          value: String(value),
          label: `1 in ${Math.round(1 / value).toLocaleString()} (${percent(value)})`,
        }))}
      />
      <Loaded query={query}>
        {(tables) => (
          <>
            <Thresholds tables={tables} rate={Number(rate)} draft={draft} />
            <Measured tables={tables.filter(({ points }) => points.length > 0)} draft={draft} />
          </>
        )}
      </Loaded>
    </Stack>
  );
}

/** The measured point that is at least as strict as asked; none where the data did not reach so far. */
export function strictEnough(points: Point[], rate: number): Point | undefined {
  return points.filter(({ fmr }) => fmr <= rate).sort((a, b) => b.fmr - a.fmr)[0];
}

function Thresholds({ tables, rate, draft }: { tables: MeasuredTable[]; rate: number; draft: Draft }) {
  const found = tables.flatMap((table) => {
    const point = strictEnough(table.points, rate);
    return point ? [{ table, point }] : [];
  });
  const without = [...new Set(tables.map(({ service }) => service))].filter(
    (service) => !found.some(({ table }) => table.service === service),
  );
  return (
    <>
      <Rows
        label="Thresholds for the false-match rate"
        rows={found}
        minWidth={520}
        columns={[
          "Service",
          { name: "Threshold", right: true },
          { name: "Others passing", right: true },
          { name: "Genuine people refused", right: true },
          { name: "Measured on", from: "md" },
          "Draft",
        ]}
        empty={<Empty title="No measured point is as strict as this" />}
      >
        {({ table, point }) => (
          <Table.Tr key={`${table.service}-${table.measured_on}`}>
            <Table.Td fw={600}>{SERVICES[table.service] ?? table.service}</Table.Td>
            <NumberCell>{point.threshold.toFixed(4)}</NumberCell>
            <NumberCell>
              <Passing point={point} />
            </NumberCell>
            <NumberCell>
              <RefusedShare point={point} />
            </NumberCell>
            <Table.Td visibleFrom="md">
              <Text size="sm">{table.measured_on}</Text>
              <Text size="xs" c="dimmed">
                {table.genuine.toLocaleString()} genuine, {table.others.toLocaleString()} others
                {table.held_out ? "" : "; not held out"}
              </Text>
            </Table.Td>
            <Table.Td>
              <Use point={point} service={table.service} draft={draft} />
            </Table.Td>
          </Table.Tr>
        )}
      </Rows>
      {without.length > 0 && (
        <Note>
          No measured point is as strict as this for {without.map((service) => SERVICES[service] ?? service).join(", ")}
          .
        </Note>
      )}
    </>
  );
}
