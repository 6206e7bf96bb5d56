import { Badge, Group, Paper, Progress, SimpleGrid, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { type Operations as State, operations } from "../../api/accounts";
import { Loaded, Page } from "../../parts/page";
import { Copyable } from "../../parts/secret";

/** How the server is, read again every few seconds. */
export default function Operations() {
  const query = useQuery({ queryKey: ["operations"], queryFn: operations, refetchInterval: 5000 });
  return (
    <Page title="Operations" about="Health of each service, the models in use, and how busy the server is.">
      <Loaded query={query}>{(state) => <Panels state={state} />}</Loaded>
    </Page>
  );
}

function Panels({ state }: { state: State }) {
  const services = Array.isArray(state.services)
    ? state.services
    : Object.entries(state.services).map(([name, healthy]) => ({ name, healthy, error: null }));
  const depth = state.queue?.depth ?? state.queue_depth;
  const rate = state.errors?.rate ?? state.error_rate;
  const models = state.model_pack?.models ?? state.models ?? [];
  const well = services.every(({ healthy }) => healthy);
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <Paper p="md">
          <Text size="sm" c="dimmed">
            Services
          </Text>
          <Group gap="xs" mt={4}>
            <Text fw={700} size="xl">
              {services.filter(({ healthy }) => healthy).length} of {services.length}
            </Text>
            <Badge color={well ? "green" : "red"}>{well ? "all well" : "not all well"}</Badge>
          </Group>
        </Paper>
        <Paper p="md">
          <Text size="sm" c="dimmed">
            Waiting in the queue
          </Text>
          <Text fw={700} size="xl" className="num">
            {depth ?? "–"}
            {state.queue?.capacity !== undefined && (
              <Text span size="sm" c="dimmed" fw={400}>
                {" "}
                of {state.queue.capacity}
              </Text>
            )}
          </Text>
          {depth !== undefined && state.queue?.capacity ? (
            <Progress
              mt={6}
              value={(depth / state.queue.capacity) * 100}
              color={depth / state.queue.capacity > 0.8 ? "red" : "brand"}
              aria-label="Queue in use"
            />
          ) : null}
        </Paper>
        <Paper p="md">
          <Text size="sm" c="dimmed">
            Calls that failed by the server's fault
          </Text>
          <Text fw={700} size="xl" className="num">
            {rate === undefined ? "–" : `${(rate * 100).toFixed(2)} %`}
          </Text>
          {state.errors && (
            <Text size="sm" c="dimmed">
              {state.errors.failed} of {state.errors.total.toLocaleString()}
              {state.errors.minutes ? ` in ${state.errors.minutes} minutes` : ""}
            </Text>
          )}
        </Paper>
      </SimpleGrid>
      <section aria-labelledby="health">
        <Title order={2} size="h4" mb="sm" id="health">
          Health
        </Title>
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
          {services.map(({ name, healthy, error }) => (
            <Paper key={name} p="sm">
              <Group justify="space-between">
                <Text size="sm" fw={600}>
                  {name}
                </Text>
                <Badge color={healthy ? "green" : "red"}>{healthy ? "well" : error || "away"}</Badge>
              </Group>
            </Paper>
          ))}
        </SimpleGrid>
      </section>
      <section aria-labelledby="models">
        <Title order={2} size="h4" mb="sm" id="models">
          Model pack {[state.model_pack?.name, state.model_pack?.version].filter(Boolean).join(" ")}
        </Title>
        <Paper>
          <Table.ScrollContainer minWidth={480} type="native" tabIndex={0}>
            <Table aria-label="Models">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Model</Table.Th>
                  <Table.Th>Version</Table.Th>
                  <Table.Th>Licence</Table.Th>
                  <Table.Th>SHA-256</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {models.map((model) => (
                  <Table.Tr key={model.name}>
                    <Table.Td fw={600}>{model.name}</Table.Td>
                    <Table.Td>{model.version ?? "–"}</Table.Td>
                    <Table.Td>{model.licence ?? model.license ?? "–"}</Table.Td>
                    <Table.Td>
                      {model.sha256 ? (
                        <Group gap={4} wrap="nowrap">
                          <span className="mono">{model.sha256.slice(0, 12)}…</span>
                          <Copyable text={model.sha256} label={`Copy the checksum of ${model.name}`} />
                        </Group>
                      ) : (
                        "–"
                      )}
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
          {models.length === 0 && (
            <Text size="sm" c="dimmed" p="md">
              The server does not say which models it uses.
            </Text>
          )}
        </Paper>
      </section>
    </>
  );
}
