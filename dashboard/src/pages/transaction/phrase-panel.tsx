import { Table, Text } from "@mantine/core";

import type { ServiceResult } from "../../api/types";
import { Panel } from "../../parts/panel";
import { type Aligned, alignWords } from "./phrase";

const text = (value: unknown) => (typeof value === "string" ? value : "");

/** The phrase that was asked for, and what was heard and read of it. */
export function PhrasePanel({ result }: { result: ServiceResult | undefined }) {
  const asked = text(result?.expected_phrase);
  const heard = text(result?.audio_transcript);
  const read = text(result?.result);
  if (!asked || (!heard && !read)) return null;
  return (
    <Panel title="Phrase" data-testid="phrase">
      <Table verticalSpacing={6} highlightOnHover={false} aria-label="Phrase">
        <Table.Tbody>
          <Line name="Asked for">{asked}</Line>
          {heard && <Line name="Heard">{<Words words={alignWords(asked, heard)} />}</Line>}
          {read && <Line name="Read from the lips">{<Words words={alignWords(asked, read)} />}</Line>}
        </Table.Tbody>
      </Table>
      <Text size="xs" c="dimmed" mt="xs">
        Struck out: asked for and not said. Underlined: said and not asked for.
      </Text>
    </Panel>
  );
}

function Line({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" w="30%" fw={400}>
        <Text size="sm" c="dimmed" component="span">
          {name}
        </Text>
      </Table.Th>
      <Table.Td className="any">{children}</Table.Td>
    </Table.Tr>
  );
}

function Words({ words }: { words: Aligned[] }) {
  return words.map(({ text, kind }, index) => (
    <span key={index}>
      {index > 0 && " "}
      {kind === "missing" ? (
        <Text component="del" size="sm" c="dimmed">
          {text}
        </Text>
      ) : kind === "extra" ? (
        <Text component="ins" size="sm" fw={600} style={{ color: "var(--fail)" }}>
          {text}
        </Text>
      ) : (
        text
      )}
    </span>
  ));
}
