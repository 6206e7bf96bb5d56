import { Alert, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Link } from "wouter";

import { useReasons } from "../../api/reasons";
import type { Fraud } from "../../api/types";
import { When } from "../../parts/time";
import { words } from "../../parts/words";
import { callsOf, evidenceSentence } from "./fraud-words";

/** The fraud rules that fired, with what they rest on. The decision of the call is not changed by them. */
export function FraudHits({ hits, id }: { hits: Fraud[]; id: string }) {
  const explain = useReasons();
  return (
    <Stack gap="sm" data-testid="fraud">
      {hits.map(({ rule, evidence, at }) => (
        <Alert key={rule} color="red" icon={<IconAlertTriangle />} title={explain(rule).title}>
          {explain(rule).explanation && <Text size="sm">{explain(rule).explanation}</Text>}
          <Sentence rule={rule} evidence={evidence ?? {}} />
          <Calls ids={callsOf(evidence ?? {}, id)} />
          <Text size="xs" mt={4}>
            <When at={at} /> · <Link href={`/fraud?transaction=${id}`}>Show links</Link>
          </Text>
        </Alert>
      ))}
    </Stack>
  );
}

/** A sentence; the numbers themselves for a rule that has none. */
function Sentence({ rule, evidence }: { rule: string; evidence: Record<string, unknown> }) {
  const sentence = evidenceSentence(rule, evidence);
  const plain = Object.entries(evidence).filter(([, value]) => ["string", "number"].includes(typeof value));
  const shown = sentence ?? plain.map(([name, value]) => `${words(name)}: ${String(value)}`).join(" · ");
  return shown ? (
    <Text size="sm" fw={600} className="any">
      {shown}
    </Text>
  ) : null;
}

function Calls({ ids }: { ids: string[] }) {
  if (ids.length === 0) return null;
  return (
    <Text size="sm">
      Compared with{" "}
      {ids.map((id, index) => (
        <span key={id}>
          {index > 0 && ", "}
          <Link href={`/transactions/${id}`}>…{id.slice(-8)}</Link>
        </span>
      ))}
    </Text>
  );
}
