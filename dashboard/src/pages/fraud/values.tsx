import { SimpleGrid, Table } from "@mantine/core";
import { Link } from "wouter";

import type { FraudValue, LinkKind } from "../../api/fraud";
import { Section } from "../../parts/panel";
import { Rows } from "../../parts/rows";
import { When } from "../../parts/time";
import { ValueActions } from "./actions";
import type { Blocking } from "./block-dialog";
import { KIND, labelOf } from "./words";

interface Props {
  values: FraudValue[];
  onBlock: (blocking: Blocking) => void;
  onShow: (transaction: string) => void;
}

const KINDS: LinkKind[] = ["user", "device", "address", "country", "document", "face"];

/** What suspicious calls have in common, a table for each kind. */
export function Values({ values, onBlock, onShow }: Props) {
  const present = KINDS.map((kind) => ({ kind, rows: values.filter((value) => value.kind === kind) }));
  return (
    <SimpleGrid cols={{ base: 1, lg: 2 }}>
      {present
        .filter(({ rows }) => rows.length > 0)
        .map(({ kind, rows }) => (
          <Section key={kind} title={KIND[kind].many}>
            <Rows
              label={`${KIND[kind].many} of suspicious calls`}
              columns={[
                KIND[kind].one,
                { name: "Calls", right: true },
                ...(kind === "user" ? [] : [{ name: "Users", right: true }]),
                { name: "Last", from: "sm" as const },
                "",
              ]}
              rows={rows}
            >
              {(value) => (
                <Table.Tr key={value.transaction_id + value.label} data-testid={`top-${kind}`}>
                  <Table.Td className="any">
                    {kind === "user" && value.label !== "" ? (
                      <Link href={`/transactions?user=${encodeURIComponent(value.label)}&fraud=any`}>
                        {value.label}
                      </Link>
                    ) : (
                      labelOf(kind, value.label)
                    )}
                  </Table.Td>
                  <Table.Td ta="right" className="num">
                    {value.calls.toLocaleString()}
                  </Table.Td>
                  {kind !== "user" && (
                    <Table.Td ta="right" className="num">
                      {value.users.toLocaleString()}
                    </Table.Td>
                  )}
                  <Table.Td visibleFrom="sm">
                    <When at={value.last_at} distance />
                  </Table.Td>
                  <Table.Td>
                    <ValueActions
                      kind={kind}
                      label={value.label}
                      transaction={value.transaction_id}
                      blocked={value.blocked}
                      onBlock={onBlock}
                      onShow={onShow}
                    />
                  </Table.Td>
                </Table.Tr>
              )}
            </Rows>
          </Section>
        ))}
    </SimpleGrid>
  );
}
