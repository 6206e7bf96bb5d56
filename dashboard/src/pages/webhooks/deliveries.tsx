import { Accordion, Badge, Group, Paper, SegmentedControl, Stack, Table, Text } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";

import { MAY } from "../../api/permissions";
import type { Delivery, Webhook } from "../../api/types";
import { listDeliveries, replay, replayDead } from "../../api/webhooks";
import { AllowedButton } from "../../parts/allowed";
import { Listed } from "../../parts/listed";
import { done, failed } from "../../parts/notify";
import { Empty } from "../../parts/page";
import { Note, Section, Source } from "../../parts/panel";
import { Rows } from "../../parts/rows";
import { Id } from "../../parts/secret";
import { When } from "../../parts/time";

const COLOURS = { delivered: "green", pending: "gray", dead: "red" } as const;
/** While something is on its way the list is read again. */
const POLL_MS = 2000;

/** What was sent, attempt by attempt, with what came back. */
export function Deliveries({ endpoint }: { endpoint: Webhook }) {
  const webhook = endpoint.id;
  const client = useQueryClient();
  const [which, setWhich] = useState("all");
  const queryKey = ["deliveries", webhook, which];
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => listDeliveries(webhook, which === "dead", pageParam),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    refetchInterval: ({ state }) =>
      state.data?.pages[0]?.data.some(({ status }) => status === "pending") ? POLL_MS : false,
  });
  const waiting = query.data?.pages.some(({ data }) => data.length > 0);
  const again = (what: Promise<unknown>, message: string) =>
    void what.then(() => {
      done(message);
      void client.invalidateQueries({ queryKey: ["deliveries", webhook] });
    }, failed);
  return (
    <Section
      title="Deliveries"
      aside={
        <Group gap="xs">
          {which === "dead" && waiting && (
            <AllowedButton
              needs={MAY.editWebhooks}
              size="xs"
              variant="default"
              onClick={() => again(replayDead(webhook), "All are on their way again")}
            >
              Send all again
            </AllowedButton>
          )}
          <SegmentedControl
            size="xs"
            value={which}
            onChange={setWhich}
            data={[
              { value: "all", label: "All" },
              { value: "dead", label: "Failed" },
            ]}
            aria-label="Which deliveries"
          />
        </Group>
      }
    >
      <Stack gap="sm">
        <Listed query={query} rows={({ data }) => data} more="Older deliveries">
          {(rows) =>
            rows.length === 0 ? (
              <Paper>
                <Empty title={which === "dead" ? "Every delivery arrived" : "Nothing was sent yet"}>
                  Send a test event to see how your system answers.
                </Empty>
              </Paper>
            ) : (
              <Accordion variant="contained" order={3} data-testid="deliveries">
                {rows.map((delivery) => (
                  <Entry
                    key={delivery.id}
                    delivery={delivery}
                    endpoint={endpoint}
                    onAgain={() => again(replay(webhook, delivery.id), "It is on its way again, under the same id")}
                  />
                ))}
              </Accordion>
            )
          }
        </Listed>
      </Stack>
    </Section>
  );
}

interface EntryProps {
  delivery: Delivery;
  endpoint: Webhook;
  onAgain: () => void;
}

function Entry({ delivery, endpoint, onAgain }: EntryProps) {
  const last = delivery.log.at(-1);
  return (
    <Accordion.Item value={delivery.id}>
      <Accordion.Control>
        <Group gap="sm">
          <Badge color={COLOURS[delivery.status] ?? "gray"}>{delivery.status}</Badge>
          <Text size="sm" fw={600}>
            {delivery.event}
          </Text>
          <Text size="sm" c="dimmed">
            <When at={delivery.created_at} />
            {last && ` · ${last.status_code ?? last.error ?? ""}`}
            {delivery.attempts > 1 && ` · ${delivery.attempts} attempts`}
          </Text>
        </Group>
      </Accordion.Control>
      <Accordion.Panel>
        <Stack gap="sm">
          <Group gap="md">
            <Note>
              id <Id id={delivery.id} />
            </Note>
            {delivery.transaction_id && delivery.event !== "webhook.test" && (
              <Text size="sm">
                <Link href={`/transactions/${delivery.transaction_id}`}>The transaction</Link>
              </Text>
            )}
            {delivery.next_attempt_at && (
              <Text size="sm">
                Next attempt <When at={delivery.next_attempt_at} />
              </Text>
            )}
            <AllowedButton
              needs={MAY.editWebhooks}
              size="compact-sm"
              variant="default"
              onClick={onAgain}
              disabled={delivery.status === "pending"}
            >
              Send again
            </AllowedButton>
          </Group>
          <Text size="sm" fw={600}>
            Request
          </Text>
          <Source name="Request headers">{headers(delivery, endpoint)}</Source>
          <Source name="Request">
            {readable(delivery.request_body)}
            {delivery.request_truncated && "\n…"}
          </Source>
          <Text size="sm" fw={600}>
            Answers
          </Text>
          <Rows
            label="Attempts"
            rows={delivery.log}
            minWidth={420}
            columns={["At", "Answer", { name: "Took", right: true }, "Beginning of the body"]}
            empty={<Empty title="No attempt was made yet" />}
          >
            {(attempt, index) => (
              <Table.Tr key={index}>
                <Table.Td>
                  <When at={attempt.at} />
                </Table.Td>
                <Table.Td>{attempt.status_code ?? attempt.error}</Table.Td>
                <Table.Td ta="right" className="num">
                  {attempt.duration_ms} ms
                </Table.Td>
                <Table.Td className="mono any">{attempt.response_excerpt ?? "–"}</Table.Td>
              </Table.Tr>
            )}
          </Rows>
        </Stack>
      </Accordion.Panel>
    </Accordion.Item>
  );
}

/** What goes before the body. The signature is made at each attempt, of the secret, and kept nowhere. */
function headers({ id, created_at, log }: Delivery, { url, headers: own }: Webhook): string {
  const last = log.at(-1)?.at ?? created_at;
  return [
    `POST ${url}`,
    ...Object.entries(own).map(([name, value]) => `${name}: ${value}`),
    "content-type: application/json",
    `webhook-id: ${id}`,
    `webhook-timestamp: ${Math.floor(Date.parse(last) / 1000)}`,
    "webhook-signature: v1,… (made at each attempt, not kept)",
  ].join("\n");
}

/** JSON with its lines broken; what is cut off is no JSON, and stays as it is. */
function readable(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
