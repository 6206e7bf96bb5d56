import { Accordion, Badge, Code, Group, Paper, SegmentedControl, Stack, Table, Text, Title } from "@mantine/core";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";

import { MAY } from "../../api/permissions";
import type { Delivery } from "../../api/types";
import { listDeliveries, replay, replayDead } from "../../api/webhooks";
import { AllowedButton } from "../../parts/allowed";
import { LoadMore } from "../../parts/load-more";
import { done, failed } from "../../parts/notify";
import { Empty, Failure, Waiting } from "../../parts/page";
import { Id } from "../../parts/secret";
import { When } from "../../parts/time";

const COLOURS = { delivered: "green", pending: "gray", dead: "red" } as const;
/** While something is on its way the list is read again. */
const POLL_MS = 2000;

/** What was sent, attempt by attempt, with what came back. */
export function Deliveries({ webhook }: { webhook: string }) {
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
  const rows = query.data?.pages.flatMap(({ data }) => data) ?? [];
  const again = (what: Promise<unknown>, message: string) =>
    void what.then(() => {
      done(message);
      void client.invalidateQueries({ queryKey: ["deliveries", webhook] });
    }, failed);
  return (
    <section aria-labelledby="deliveries">
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4" id="deliveries">
          Deliveries
        </Title>
        <Group gap="xs">
          {which === "dead" && rows.length > 0 && (
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
              { value: "dead", label: "Not taken" },
            ]}
            aria-label="Which deliveries"
          />
        </Group>
      </Group>
      {query.isPending ? (
        <Waiting />
      ) : query.isError ? (
        <Failure error={query.error} again={() => void query.refetch()} />
      ) : rows.length === 0 ? (
        <Paper>
          <Empty title="Nothing was sent yet">Send a test event to see how your system answers.</Empty>
        </Paper>
      ) : (
        <Stack gap="sm">
          <Accordion variant="contained" order={3} data-testid="deliveries">
            {rows.map((delivery) => (
              <Entry
                key={delivery.id}
                delivery={delivery}
                onAgain={() => again(replay(webhook, delivery.id), "It is on its way again, under the same id")}
              />
            ))}
          </Accordion>
          <LoadMore query={query} label="Older deliveries" />
        </Stack>
      )}
    </section>
  );
}

function Entry({ delivery, onAgain }: { delivery: Delivery; onAgain: () => void }) {
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
            <Text size="sm" c="dimmed" component="div">
              id <Id id={delivery.id} />
            </Text>
            {delivery.transaction_id && <Link href={`/transactions/${delivery.transaction_id}`}>The transaction</Link>}
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
          <Code block tabIndex={0} role="region" aria-label="Request">
            {readable(delivery.request_body)}
            {delivery.request_truncated && "\n…"}
          </Code>
          <Text size="sm" fw={600}>
            Answers
          </Text>
          {delivery.log.length === 0 ? (
            <Text size="sm" c="dimmed">
              No attempt was made yet.
            </Text>
          ) : (
            <Table.ScrollContainer minWidth={420} type="native" tabIndex={0}>
              <Table verticalSpacing={4} aria-label="Attempts">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>At</Table.Th>
                    <Table.Th>Answer</Table.Th>
                    <Table.Th ta="right">Took</Table.Th>
                    <Table.Th>Beginning of the body</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {delivery.log.map((attempt, index) => (
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
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )}
        </Stack>
      </Accordion.Panel>
    </Accordion.Item>
  );
}

/** JSON with its lines broken; what is cut off is no JSON, and stays as it is. */
function readable(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
