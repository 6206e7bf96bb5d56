import { Badge, Table } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { ApiError } from "../../api/client";
import { type Subject, subject, type Template } from "../../api/subjects";
import { Loaded } from "../../parts/page";
import { Note, Panel } from "../../parts/panel";
import { NumberCell } from "../../parts/rows";
import { When } from "../../parts/time";
import { counted, words } from "../../parts/words";

/** Somebody of whom nothing is kept is unknown, which is an answer and no fault. */
export async function keptOf(name: string): Promise<Subject | null> {
  try {
    return await subject(name);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** Templates by number and kind, and what else an erasure would destroy. The templates themselves are shown to nobody. */
export function Kept({ name, queryKey }: { name: string; queryKey: string[] }) {
  const query = useQuery({ queryKey, queryFn: () => keptOf(name) });
  return (
    <Panel title="Templates" order={3}>
      <Loaded query={query} lines={2}>
        {(found) => (
          <>
            <Templates templates={found?.templates ?? []} />
            <Note mt="sm">
              {found === null
                ? "Nothing is kept of this person."
                : `Kept in all: ${found.kept.map(({ count, kind }) => counted(count, kind)).join(", ")}.`}
            </Note>
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function Templates({ templates }: { templates: Template[] }) {
  if (templates.length === 0) return <Note>Nothing biometric is enrolled.</Note>;
  return (
    <Table aria-label="Templates">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Kind</Table.Th>
          <Table.Th>Model</Table.Th>
          <Table.Th ta="right">Made of</Table.Th>
          <Table.Th visibleFrom="sm">Changed</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {templates.map(({ kind, model, samples, created_at, usable, current }) => (
          <Table.Tr key={`${kind}-${model}`}>
            <Table.Td>
              {words(kind)} {!usable && <Badge color="orange">more needed</Badge>}{" "}
              {!current && <Badge color="gray">of an older model</Badge>}
            </Table.Td>
            <Table.Td className="mono any">{model}</Table.Td>
            <NumberCell>{samples}</NumberCell>
            <Table.Td visibleFrom="sm">
              <When at={created_at} />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
