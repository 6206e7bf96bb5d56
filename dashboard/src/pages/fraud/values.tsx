import { SimpleGrid, Table } from "@mantine/core";
import { Link } from "wouter";

import type { FraudValue, LinkKind } from "../../api/fraud";
import { Section } from "../../parts/panel";
import { NumberCell, Rows } from "../../parts/rows";
import { type Handlers, LastAndActions } from "./cells";
import { KIND, labelOf } from "./words";

interface Props extends Handlers {
  values: FraudValue[];
}

const KINDS: LinkKind[] = ["user", "device", "address", "country", "document", "face"];

/** What suspicious calls have in common, a table for each kind. */
export function Values({ values, ...handlers }: Props) {
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
                  <NumberCell>{value.calls.toLocaleString()}</NumberCell>
                  {kind !== "user" && <NumberCell>{value.users.toLocaleString()}</NumberCell>}
                  <LastAndActions kind={kind} label={value.label} of={value} from="sm" {...handlers} />
                </Table.Tr>
              )}
            </Rows>
          </Section>
        ))}
    </SimpleGrid>
  );
}
