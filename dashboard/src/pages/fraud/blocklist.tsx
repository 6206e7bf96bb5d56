import { Table, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";

import { type BlockedEntry, blocklist, unblock } from "../../api/fraud";
import { MAY } from "../../api/permissions";
import { AllowedButton } from "../../parts/allowed";
import { Confirm } from "../../parts/confirm";
import { done } from "../../parts/notify";
import { Empty, Loaded } from "../../parts/page";
import { Section } from "../../parts/panel";
import { Rows } from "../../parts/rows";
import { When } from "../../parts/time";
import type { Blocking } from "./block-dialog";
import { KIND, labelOf } from "./words";

/** What the project blocks. */
export function Blocklist({ project, onBlock }: { project: string; onBlock: (blocking: Blocking) => void }) {
  const query = useQuery({ queryKey: ["blocklist", project], queryFn: ({ signal }) => blocklist(signal) });
  const client = useQueryClient();
  const [removing, setRemoving] = useState<BlockedEntry | null>(null);
  const take = async (entry: BlockedEntry) => {
    await unblock(entry.id);
    for (const key of ["blocklist", "fraud", "links"]) void client.invalidateQueries({ queryKey: [key, project] });
    done("Removed from the block list");
  };
  return (
    <Section
      title="Block lists"
      aside={
        <AllowedButton needs={MAY.review} size="xs" variant="default" onClick={() => onBlock({ kind: "address" })}>
          Add to a block list
        </AllowedButton>
      }
    >
      <Loaded query={query} lines={2}>
        {(entries) => (
          <Rows
            label="Block lists"
            minWidth={620}
            columns={["What", "Value", "Note", "Added", ""]}
            rows={entries}
            empty={
              <Empty title="Nothing is blocked">
                Block a face, device, address or document from what is shown above.
              </Empty>
            }
          >
            {(entry) => (
              <Table.Tr key={entry.id} data-testid="blocked" data-kind={entry.kind}>
                <Table.Td>{KIND[entry.kind].one}</Table.Td>
                <Table.Td className="any">
                  {entry.transaction_id ? (
                    <Link href={`/transactions/${entry.transaction_id}`}>{labelOf(entry.kind, entry.label)}</Link>
                  ) : (
                    labelOf(entry.kind, entry.label)
                  )}
                </Table.Td>
                <Table.Td className="any">{entry.note || "–"}</Table.Td>
                <Table.Td>
                  <When at={entry.created_at} distance />
                  <Text size="xs" c="dimmed">
                    {entry.created_by?.kind === "api_key" ? "by an API key" : entry.created_by?.name}
                  </Text>
                </Table.Td>
                <Table.Td ta="right">
                  <AllowedButton
                    needs={MAY.review}
                    size="compact-xs"
                    variant="default"
                    onClick={() => setRemoving(entry)}
                    aria-label={`Unblock ${labelOf(entry.kind, entry.label)}`}
                  >
                    Unblock
                  </AllowedButton>
                </Table.Td>
              </Table.Tr>
            )}
          </Rows>
        )}
      </Loaded>
      {removing && (
        <Confirm
          opened
          title="Unblock"
          action="Unblock"
          onConfirm={() => take(removing)}
          onClose={() => setRemoving(null)}
        >
          Calls with {labelOf(removing.kind, removing.label)} are no longer marked as fraud for it.
        </Confirm>
      )}
    </Section>
  );
}
