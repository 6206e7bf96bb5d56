import { Badge, Stack, Table } from "@mantine/core";

import type { ServiceResult } from "../../api/types";
import { Note, Panel } from "../../parts/panel";
import { NumberCell } from "../../parts/rows";
import { words } from "../../parts/words";

interface Check {
  name: string;
  outcome: string;
  advisory: boolean;
  evidence: string;
}

interface DocumentField {
  name: string;
  source: string;
  confidence: number;
}

const OUTCOMES: Record<string, { color: string; label: string }> = {
  passed: { color: "green", label: "Passed" },
  failed: { color: "red", label: "Failed" },
  not_checked: { color: "gray", label: "Not performed" },
};
const SOURCES: Record<string, string> = { print: "VIZ", mrz: "MRZ", barcode: "Barcode", chip: "Chip" };

/** A document: what was read from which part of it, and each check with its evidence and what it decided. */
export function DocumentCard({ result }: { result: ServiceResult }) {
  const checks = (result["checks"] ?? []) as Check[];
  const fields = (result["fields"] ?? []) as DocumentField[];
  const decided = [...checks].sort((a, b) => rank(a) - rank(b));
  return (
    <Panel
      title={`Document: ${words(String(result["document_type"] || "not recognised"))}`}
      order={3}
      data-testid="document"
    >
      <Stack gap="md">
        {typeof result["cannot_judge"] === "string" && result["cannot_judge"] !== "" && (
          <Note>Cannot be judged: {words(result["cannot_judge"])}</Note>
        )}
        {fields.length > 0 && <Fields fields={fields} />}
        <div className="scroll-x" tabIndex={0} role="region" aria-label="Document checks">
          <Table aria-label="Document checks" verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Check</Table.Th>
                <Table.Th>Outcome</Table.Th>
                <Table.Th>Effect</Table.Th>
                <Table.Th>Evidence</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {decided.map((check) => (
                <Table.Tr key={check.name}>
                  <Table.Td>{words(check.name)}</Table.Td>
                  <Table.Td>
                    <Badge color={OUTCOMES[check.outcome]?.color ?? "gray"}>
                      {OUTCOMES[check.outcome]?.label ?? words(check.outcome)}
                    </Badge>
                  </Table.Td>
                  <Table.Td>{effect(check)}</Table.Td>
                  <Table.Td className="any">{check.evidence}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      </Stack>
    </Panel>
  );
}

/** Those that decided come first. */
const rank = ({ outcome, advisory }: Check) =>
  outcome === "failed" ? (advisory ? 1 : 0) : outcome === "passed" ? 2 : 3;

function effect({ outcome, advisory }: Check): string {
  if (advisory) return "Advisory";
  return outcome === "failed" ? "Decided against it" : outcome === "passed" ? "Required, met" : "Not considered";
}

/** What was read: each field with the part of the document it comes from. */
function Fields({ fields }: { fields: DocumentField[] }) {
  return (
    <div className="scroll-x" tabIndex={0} role="region" aria-label="Document fields">
      <Table aria-label="Document fields" verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Field</Table.Th>
            <Table.Th>Source</Table.Th>
            <Table.Th ta="right">Confidence</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {fields.map(({ name, source, confidence }) => (
            <Table.Tr key={name}>
              <Table.Td>{words(name)}</Table.Td>
              <Table.Td>{SOURCES[source] ?? words(source)}</Table.Td>
              <NumberCell>{Math.round(confidence * 100)} %</NumberCell>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}
