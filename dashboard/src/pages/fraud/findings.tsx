import { Button, Table } from "@mantine/core";
import { Link } from "wouter";

import type { FraudFinding } from "../../api/fraud";
import { useReasons } from "../../api/reasons";
import { Section } from "../../parts/panel";
import { Rows } from "../../parts/rows";
import { When } from "../../parts/time";
import { labelOf } from "./words";

/** Calls that showed the face of another user. */
export function Findings({ findings, onShow }: { findings: FraudFinding[]; onShow: (transaction: string) => void }) {
  const explain = useReasons();
  if (findings.length === 0) return null;
  return (
    <Section title="Faces of other users">
      <Rows
        label="Faces of other users"
        minWidth={620}
        columns={["When", "Finding", "Came as", "Face of", ""]}
        rows={findings}
      >
        {(finding) => (
          <Table.Tr key={finding.transaction_id} data-testid="finding" data-rule={finding.rule}>
            <Table.Td>
              <Link href={`/transactions/${finding.transaction_id}`}>
                <When at={finding.at} />
              </Link>
            </Table.Td>
            <Table.Td title={explain(finding.rule).explanation}>{explain(finding.rule).title}</Table.Td>
            <Table.Td className="any">{finding.user || "–"}</Table.Td>
            <Table.Td className="any">{labelOf("user", finding.other)}</Table.Td>
            <Table.Td ta="right">
              <Button size="compact-xs" variant="subtle" onClick={() => onShow(finding.transaction_id)}>
                Links
              </Button>
            </Table.Td>
          </Table.Tr>
        )}
      </Rows>
    </Section>
  );
}
