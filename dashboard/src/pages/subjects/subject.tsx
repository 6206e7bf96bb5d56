import { Badge, Button, Group, Paper, SimpleGrid, Stack, Text, Timeline, Title } from "@mantine/core";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "wouter";

import { ApiError } from "../../api/client";
import { MAY } from "../../api/permissions";
import { consents, erase, withdraw } from "../../api/subjects";
import { list } from "../../api/transactions";
import { useCan } from "../../api/session";
import type { Consent, Receipt } from "../../api/types";
import { AllowedButton } from "../../parts/allowed";
import { Confirm } from "../../parts/confirm";
import { done } from "../../parts/notify";
import { Listed } from "../../parts/listed";
import { Loaded } from "../../parts/page";
import { Panel } from "../../parts/panel";
import { When } from "../../parts/time";
import { words } from "../../parts/words";
import { useProject } from "../../shell/place";
import { Kept, keptOf } from "./kept";
import { TimelinePanel } from "./person-timeline";
import { Pictures } from "./pictures";
import { ReceiptCard } from "./receipt";

/** A consent that was never recorded is no fault: it is simply not given. */
async function consentOf(name: string): Promise<Consent> {
  try {
    return await consents(name);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404)
      return { user_fullname: name, authorization: false, storage: false, history: [] };
    throw error;
  }
}

export function SubjectCard({ name }: { name: string }) {
  const project = useProject() ?? "";
  const client = useQueryClient();
  const key = ["subject", project, name];
  const consent = useQuery({ queryKey: [...key, "consent"], queryFn: () => consentOf(name) });
  const kept = useQuery({ queryKey: [...key, "kept"], queryFn: () => keptOf(name) });
  // There is nothing to erase of a person of whom nothing is stored.
  const isKnown = kept.isError || Boolean(kept.data) || (consent.data?.history.length ?? 0) > 0;
  const [erasing, setErasing] = useState(false);
  const [withdrawing, setWithdrawing] = useState<"authorization" | "storage" | null>(null);
  const [receipt, setReceipt] = useState<Receipt | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: key });
  return (
    <Stack>
      <Group justify="space-between">
        <Title order={2} size="h3" className="any">
          {name}
        </Title>
        <Group gap="xs">
          <Button component={Link} href={`/transactions?user=${encodeURIComponent(name)}`} variant="default">
            Transactions
          </Button>
          {isKnown && (
            <AllowedButton needs={MAY.editSubjects} color="red" variant="outline" onClick={() => setErasing(true)}>
              Erase
            </AllowedButton>
          )}
        </Group>
      </Group>
      {receipt && <ReceiptCard receipt={receipt} title="Erased, and verified" />}
      <Loaded query={consent}>{(found) => <Consents consent={found} onWithdraw={setWithdrawing} />}</Loaded>
      <Kept name={name} queryKey={[...key, "kept"]} />
      <Calls name={name} queryKey={[...key, "calls"]} />
      <Confirm
        opened={withdrawing !== null}
        title={`Withdraw the ${withdrawing === "storage" ? "storage" : "authorization"} consent`}
        action="Withdraw"
        onClose={() => setWithdrawing(null)}
        onConfirm={async () => {
          if (!withdrawing) return;
          await withdraw(name, withdrawing);
          await refresh();
          done("The consent is withdrawn");
        }}
      >
        <Text size="sm">
          {withdrawing === "storage"
            ? "Nothing biometric of this person is kept any more."
            : "Face and voice of this person are not recognised any more; the other services go on."}{" "}
          Do this when the person asked for it. Only they can give it again.
        </Text>
      </Confirm>
      <Confirm
        opened={erasing}
        title="Erase this person"
        action="Erase for good"
        typed={name}
        onClose={() => setErasing(false)}
        onConfirm={async () => {
          setReceipt(await erase(name));
          await refresh();
        }}
      >
        <Text size="sm">
          Consents, sessions and their videos, templates and their key, samples, and whatever is personal in
          transactions and webhooks are destroyed, and every service is asked whether anything is left. You get a signed
          receipt. This cannot be undone.
        </Text>
      </Confirm>
    </Stack>
  );
}

/** What happened to the person, and the pictures that are stored of it. */
function Calls({ name, queryKey }: { name: string; queryKey: string[] }) {
  const can = useCan();
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => list({ user: name }, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
  return (
    <Listed query={query} rows={({ data }) => data} more="Older transactions">
      {(rows) => (
        <>
          {can(MAY.seeSamples) && <Pictures rows={rows} />}
          <TimelinePanel rows={rows} />
        </>
      )}
    </Listed>
  );
}

function Consents({
  consent,
  onWithdraw,
}: {
  consent: Consent;
  onWithdraw: (kind: "authorization" | "storage") => void;
}) {
  const one = (kind: "authorization" | "storage", title: string, about: string) => (
    <Paper p="md">
      <Group justify="space-between" align="flex-start">
        <div>
          <Title order={3} size="h5">
            {title}
          </Title>
          <Text size="sm" c="dimmed">
            {about}
          </Text>
          <Badge
            mt="xs"
            color={consent[kind] ? "green" : "gray"}
            leftSection={consent[kind] ? <IconCheck size={12} aria-hidden /> : <IconX size={12} aria-hidden />}
          >
            {consent[kind] ? "given" : "not given"}
          </Badge>
        </div>
        {consent[kind] && (
          <AllowedButton
            needs={MAY.editSubjects}
            size="compact-sm"
            variant="default"
            onClick={() => onWithdraw(kind)}
            aria-label={`Withdraw ${title.toLowerCase()}`}
          >
            Withdraw
          </AllowedButton>
        )}
      </Group>
    </Paper>
  );
  return (
    <Stack>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        {one("authorization", "Authorization", "Face and voice may be recognised.")}
        {one("storage", "Storage", "Biometric data may be kept.")}
      </SimpleGrid>
      {consent.history.length > 0 && (
        <Panel title="History" order={3}>
          <Timeline bulletSize={18} lineWidth={2} active={consent.history.length}>
            {consent.history.toReversed().map((entry) => (
              <Timeline.Item
                key={entry.id}
                color={entry.is_consent_given ? "green" : "red"}
                title={
                  <Text size="sm" fw={600}>
                    {words(entry.kind)} {entry.is_consent_given ? "given" : "withdrawn"}
                  </Text>
                }
              >
                <Text size="xs" c="dimmed" component="div">
                  <When at={entry.recorded_at} /> · <Link href={`/transactions/${entry.transaction_id}`}>the call</Link>{" "}
                  ·{" "}
                  <span className="mono" title={entry.hash}>
                    {entry.hash.slice(0, 12)}…
                  </span>
                </Text>
              </Timeline.Item>
            ))}
          </Timeline>
        </Panel>
      )}
    </Stack>
  );
}
