import { Button, Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { IconEye } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "wouter";

import { samples } from "../../api/transactions";
import type { Sample, Transaction } from "../../api/types";
import { Failure } from "../../parts/page";
import { Note, Panel } from "../../parts/panel";
import { When } from "../../parts/time";
import { Media } from "../transaction/samples";

interface Side {
  title: string;
  of: (call: Transaction) => boolean;
  /** How like it is, as the rules compare it. */
  similarity: (call: Transaction) => string | null;
}

const SIDES: Side[] = [
  { title: "Enrolled face", of: ({ kind }) => /enroll_face$/.test(kind), similarity: () => null },
  { title: "Video", of: ({ kind }) => /(process_video|liveness)$/.test(kind), similarity: faceProbability },
  {
    title: "Document",
    of: ({ kind }) => /(docauth_check|document_check)$/.test(kind),
    similarity: portraitProbability,
  },
];

/** The latest enrolled face, video and document of a person beside each other, where samples of them are stored. */
export function Pictures({ rows }: { rows: Transaction[] }) {
  const [asked, setAsked] = useState(false);
  const sides = SIDES.flatMap((side) => {
    const call = rows.find((row) => side.of(row) && row.http_status < 400);
    return call ? [{ ...side, call }] : [];
  });
  const found = useQueries({
    queries: sides.map(({ call }) => ({
      queryKey: ["samples", call.id],
      queryFn: () => samples(call.id),
      enabled: asked,
      staleTime: 600_000,
      gcTime: 0,
      refetchOnWindowFocus: false,
    })),
  });
  if (sides.length === 0) return null;
  return (
    <Panel title="Pictures" order={3} data-testid="pictures">
      {!asked && (
        <Group gap="sm">
          <Button variant="default" leftSection={<IconEye size={16} aria-hidden />} onClick={() => setAsked(true)}>
            Compare pictures
          </Button>
          <Note>Samples are stored with storage consent only. Opening them is audited.</Note>
        </Group>
      )}
      {asked && (
        <SimpleGrid cols={{ base: 1, sm: sides.length }}>
          {sides.map(({ title, call, similarity }, index) => (
            <Stack key={title} gap="xs">
              <Group justify="space-between" gap="xs">
                <Text size="sm" fw={600}>
                  {title}
                </Text>
                <Text size="xs" c="dimmed">
                  <Link href={`/transactions/${call.id}`}>
                    <When at={call.created_at} />
                  </Link>
                </Text>
              </Group>
              {similarity(call) && <Text size="sm">{similarity(call)}</Text>}
              {found[index]?.isError ? <Failure error={found[index].error} /> : <Kept found={found[index]?.data} />}
            </Stack>
          ))}
        </SimpleGrid>
      )}
    </Panel>
  );
}

function Kept({ found }: { found: Sample[] | undefined }) {
  if (found === undefined) return <Note>Loading…</Note>;
  if (found.length === 0) return <Note>No sample is stored.</Note>;
  return found.map((sample) => <Media key={sample.id} sample={sample} />);
}

/** The probability on which the rules compared the face of a video with the template. */
function faceProbability({ evidence }: Transaction): string | null {
  const found = (evidence as { found?: Record<string, { judged?: { score?: number } }> } | null)?.found;
  const score = found?.["face_recognition"]?.judged?.score;
  return typeof score === "number" ? `Same person as the template: ${(score * 100).toFixed(1)} %` : null;
}

/** The same of a document's portrait and the live face. */
function portraitProbability({ services }: Transaction): string | null {
  const checks = services?.["document"]?.["checks"] as { name: string; probability?: number }[] | undefined;
  const score = checks?.find(({ name }) => name === "portrait_live_face")?.probability;
  return typeof score === "number" ? `Portrait and live face, same person: ${(score * 100).toFixed(1)} %` : null;
}
