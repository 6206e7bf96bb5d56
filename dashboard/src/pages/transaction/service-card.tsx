import { Accordion, Badge, Group, Paper, Progress, Stack, Table, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconCheck, IconX } from "@tabler/icons-react";

import type { AppliedRule, Cue, Evidence, ServiceResult } from "../../api/types";
import { Source } from "../../parts/panel";
import { NumberCell } from "../../parts/rows";
import { words } from "../../parts/words";
import { Scale } from "./scale";

const SHOWN = new Set(["code", "status", "result", "score", "description", "error", "cues"]);

/** The words of reasons about each service. */
const REASONS: Record<string, string> = {
  "Active Speaker Detection": "active_speaker",
  "Face Liveness Detection": "liveness",
  "Face Recognition": "face_match",
  "Voice Recognition": "voice_match",
  "Visual Speech Recognition": "lip_reading",
};
/** The rules' names of what a card holds, and what each bar is called. */
const JUDGED: Record<string, Record<string, string>> = {
  "Active Speaker Detection": { active_speaker: "Active speaker" },
  "Face Liveness Detection": { face_liveness: "Liveness", media_authenticity: "Media authenticity" },
  "Face Recognition": { face_recognition: "Probability of the same person" },
  "Voice Recognition": { voice_recognition: "Probability of the same person" },
  "Visual Speech Recognition": { spoken_phrase: "Spoken phrase", visual_speech: "Lip reading" },
  "Face Match": { reference_match: "Probability of the same person" },
};
const VERDICTS: Record<string, string> = { pass: "green", fail: "red", refer: "orange" };
const OUTCOMES: Record<string, string> = { passed: "green", failed: "red", referred: "orange" };

interface Props {
  name: string;
  result: ServiceResult;
  /** Of the decision. */
  reasons?: string[];
  evidence?: Evidence | null;
}

interface Compared {
  label: string;
  score: number;
  rule: AppliedRule;
}

/** The scores of a card that rules compared, with what they asked. */
function comparedOf(name: string, evidence: Evidence | null): Compared[] {
  return Object.entries(JUDGED[name] ?? {}).flatMap(([service, label]) => {
    const [found, rule] = [evidence?.found?.[service], evidence?.applied?.[service]];
    const score = typeof found === "object" ? found.judged?.score : undefined;
    return rule && typeof score === "number" ? [{ label, score, rule }] : [];
  });
}

/** What one service found, in words first, with its measures and everything else inside. */
export function ServiceCard({ name, result, reasons = [], evidence = null }: Props) {
  const compared = comparedOf(name, evidence);
  const failed = Boolean(result.error) || (result.code !== undefined && result.code !== 200 && result.code !== 0);
  const rest = Object.entries(result).filter(([field]) => !SHOWN.has(field));
  const unknown = result.enrolled === false || result.status === "not_enrolled";
  const score = typeof result.score === "number" && !unknown ? result.score : null;
  // A document has the score of its decision, which is out of 100.
  const most = typeof result.verdict === "string" ? 100 : 1;
  const color = most === 100 ? (VERDICTS[String(result.verdict)] ?? "gray") : (score ?? 0) >= 0.5 ? "green" : "red";
  const authenticity = result.media_authenticity as ServiceResult | undefined;
  const about = REASONS[name];
  const reason = about === undefined ? undefined : reasons.find((word) => word.startsWith(`${about}_`));
  const outcome = about === undefined ? undefined : reason?.slice(about.length + 1);
  return (
    <Paper p="md" h="100%" data-testid="service">
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Title order={3} size="h5">
            {words(name)}
          </Title>
          {failed ? (
            <Badge color="orange" leftSection={<IconAlertTriangle size={12} aria-hidden />}>
              could not judge
            </Badge>
          ) : outcome && OUTCOMES[outcome] ? (
            <Badge color={OUTCOMES[outcome]}>{words(outcome).toLowerCase()}</Badge>
          ) : (
            <Found result={result} />
          )}
        </Group>
        {result.description && (
          <Text size="sm" className="any">
            {result.description}
          </Text>
        )}
        {typeof authenticity?.description === "string" && (
          <Text size="sm" fw={authenticity.result === false ? 600 : undefined} className="any">
            Media authenticity: {authenticity.description}
          </Text>
        )}
        {result.error && (
          <Text size="xs" c="dimmed">
            {result.error}
          </Text>
        )}
        {typeof result.result === "string" && (
          <Text size="sm" c="dimmed" className="any">
            Read: “{result.result}”
          </Text>
        )}
        {compared.map((bar) => (
          <Scale key={bar.label} {...bar} />
        ))}
        {score !== null && compared.length === 0 && (
          <Group gap="sm" wrap="nowrap">
            <Progress
              value={Math.max(0, Math.min(1, score / most)) * 100}
              flex={1}
              color={failed ? "gray" : color}
              aria-label={`${name}: score`}
            />
            <Text size="sm" className="num" fw={600}>
              {most === 1 ? score.toFixed(2) : `${score.toFixed(1)} of 100`}
            </Text>
          </Group>
        )}
        {(result.cues?.length || rest.length > 0) && (
          <Accordion
            variant="default"
            chevronPosition="left"
            order={4}
            styles={{
              item: { border: 0 },
              control: { padding: 0 },
              label: { paddingBlock: 6 },
              content: { padding: 0 },
            }}
          >
            {result.cues && result.cues.length > 0 && (
              <Accordion.Item value="cues">
                <Accordion.Control>
                  <Text size="sm">
                    {result.cues.length} {result.cues.length === 1 ? "measure" : "measures"}
                  </Text>
                </Accordion.Control>
                <Accordion.Panel>
                  <Cues cues={result.cues} name={name} />
                </Accordion.Panel>
              </Accordion.Item>
            )}
            {rest.length > 0 && (
              <Accordion.Item value="rest">
                <Accordion.Control>
                  <Text size="sm">Details</Text>
                </Accordion.Control>
                <Accordion.Panel>
                  <Source name={`${name}: details`}>{JSON.stringify(Object.fromEntries(rest), null, 2)}</Source>
                </Accordion.Panel>
              </Accordion.Item>
            )}
          </Accordion>
        )}
      </Stack>
    </Paper>
  );
}

function Found({ result }: { result: ServiceResult }) {
  if (typeof result.status === "string")
    return (
      <Badge color={result.status === "identified" ? "green" : result.status === "not_identified" ? "red" : "gray"}>
        {words(result.status)}
      </Badge>
    );
  if (result.enrolled === false) return <Badge color="gray">Not enrolled</Badge>;
  if (typeof result.result === "boolean")
    return <Badge color={result.result ? "green" : "red"}>{result.result ? "yes" : "no"}</Badge>;
  return null;
}

function Cues({ cues, name }: { cues: Cue[]; name: string }) {
  return (
    <Table verticalSpacing={4} fz="xs" aria-label={`${name}: measures`}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Measure</Table.Th>
          <Table.Th ta="right">Value</Table.Th>
          <Table.Th ta="right">Needs</Table.Th>
          <Table.Th>Met</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {cues.map((cue, index) => (
          <Table.Tr key={index}>
            <Table.Td>{words(cue.name)}</Table.Td>
            <NumberCell>{cue.value ?? "–"}</NumberCell>
            <NumberCell>{cue.threshold ?? "–"}</NumberCell>
            <Table.Td>
              {cue.passed === true ? (
                <IconCheck size={14} color="var(--pass)" aria-label="met" role="img" />
              ) : cue.passed === false ? (
                <IconX size={14} color="var(--fail)" aria-label="not met" role="img" />
              ) : (
                <Text span size="xs" c="dimmed">
                  noted
                </Text>
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
