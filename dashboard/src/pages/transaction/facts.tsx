import { Group, Progress, Stack, Table, Text } from "@mantine/core";
import { isValidElement, type ReactNode } from "react";

import { Note, Panel } from "../../parts/panel";
import { words } from "../../parts/words";

/** Names and values as somebody sent them, as text. */
export function Facts({ title, facts, empty }: { title: string; facts: Record<string, unknown>; empty: string }) {
  const rows = Object.entries(facts).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return (
    <Panel title={title}>
      {rows.length === 0 ? (
        <Note>{empty}</Note>
      ) : (
        <Table verticalSpacing={4} highlightOnHover={false} aria-label={title}>
          <Table.Tbody>
            {rows.map(([name, value]) => (
              <Table.Tr key={name}>
                <Table.Th scope="row" w="38%" fw={400} className="any" style={{ whiteSpace: "normal" }}>
                  <Text size="sm" c="dimmed" component="span">
                    {name}
                  </Text>
                </Table.Th>
                <Table.Td className="any">{shown(value)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Panel>
  );
}

/** Text as text, an element as itself, anything else as JSON. */
function shown(value: unknown): ReactNode {
  if (isValidElement(value)) return value;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

interface Stage {
  stage: string;
  wall_ms: number;
}

/** Where the time went; stages run side by side, so they add up to more than the whole. */
export function Stages({ stages, total }: { stages: Stage[]; total: number }) {
  const longest = Math.max(...stages.map(({ wall_ms }) => wall_ms), 1);
  return (
    <Panel title={`Processing time: ${total} ms`}>
      <Stack gap={6}>
        {stages.map(({ stage, wall_ms }) => (
          <Group key={stage} gap="sm" wrap="nowrap">
            <Text size="sm" w={130}>
              {words(stage)}
            </Text>
            <Progress
              value={(wall_ms / longest) * 100}
              flex={1}
              size="sm"
              aria-label={`${words(stage)}: ${wall_ms.toFixed(0)} ms`}
            />
            <Text size="sm" className="num" w={64} ta="right">
              {wall_ms.toFixed(0)} ms
            </Text>
          </Group>
        ))}
      </Stack>
    </Panel>
  );
}
