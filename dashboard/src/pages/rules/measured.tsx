import { Accordion, Table, Text } from "@mantine/core";

import type { MeasuredTable, Point } from "../../api/calibration";
import { MAY } from "../../api/permissions";
import { AllowedButton } from "../../parts/allowed";
import { done } from "../../parts/notify";
import { Section } from "../../parts/panel";
import { NumberCell, Rows } from "../../parts/rows";
import { counted, SERVICES } from "../../parts/words";
import type { Draft } from "./draft";

export const percent = (share: number) =>
  `${(share * 100).toLocaleString(undefined, { maximumSignificantDigits: 3 })} %`;

/** Every point that was measured; nothing between two of them is known. */
export function Measured({ tables, draft }: { tables: MeasuredTable[]; draft: Draft }) {
  return (
    <Section title="All that was measured">
      <Accordion variant="contained" multiple order={3}>
        {tables.map((table, index) => (
          <Accordion.Item key={index} value={String(index)}>
            <Accordion.Control>
              <Text size="sm" fw={600}>
                {SERVICES[table.service] ?? table.service}
              </Text>
              <Text size="xs" c="dimmed">
                {table.measured_on} · {counted(table.points.length, "point")}
                {table.held_out ? "" : " · not held out"}
              </Text>
            </Accordion.Control>
            <Accordion.Panel>
              <Rows
                label={`Points of ${SERVICES[table.service] ?? table.service}, ${index + 1}`}
                rows={table.points}
                columns={[
                  { name: "Others passing", right: true },
                  { name: "Threshold", right: true },
                  { name: "Genuine people refused", right: true },
                  "Draft",
                ]}
              >
                {(point) => (
                  <Table.Tr key={point.threshold}>
                    <NumberCell>
                      <Passing point={point} />
                    </NumberCell>
                    <NumberCell>{point.threshold.toFixed(4)}</NumberCell>
                    <NumberCell>
                      <RefusedShare point={point} />
                    </NumberCell>
                    <Table.Td>
                      <Use point={point} service={table.service} draft={draft} />
                    </Table.Td>
                  </Table.Tr>
                )}
              </Rows>
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Section>
  );
}

/** A share with its 95 % interval, where there is one. */
function Share({ value, low, high }: { value: string; low: number | undefined; high: number | undefined }) {
  return (
    <>
      {value}
      {low !== undefined && high !== undefined && (
        <Text size="xs" c="dimmed">
          {percent(low)} to {percent(high)}
        </Text>
      )}
    </>
  );
}

export const Passing = ({ point }: { point: Point }) => (
  <Share
    value={`${point.fmr_is_bound ? "below " : ""}${percent(point.fmr)}`}
    low={point.fmr_low}
    high={point.fmr_high}
  />
);

export const RefusedShare = ({ point }: { point: Point }) => (
  <Share value={percent(point.fnmr)} low={point.fnmr_low} high={point.fnmr_high} />
);

/** Takes a measured threshold into the draft. */
export function Use({ point, service, draft }: { point: Point; service: string; draft: Draft }) {
  const title = SERVICES[service] ?? service;
  const threshold = point.threshold.toFixed(4);
  const use = () => {
    const refer = draft.rules?.services[service]?.refer ?? 0.4;
    draft.setRule(service, { pass: point.threshold, refer: Math.min(refer, point.threshold) });
    done(`${title}: pass from ${threshold} in the draft`);
  };
  return (
    <AllowedButton
      needs={MAY.editRules}
      size="compact-sm"
      variant="default"
      aria-label={`Use ${threshold} for ${title}`}
      onClick={use}
    >
      Use
    </AllowedButton>
  );
}
