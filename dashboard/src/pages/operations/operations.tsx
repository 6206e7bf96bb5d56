import { Badge, Group, Paper, Progress, SimpleGrid, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { type Model, operations, type Operations as State, type Queue } from "../../api/operations";
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
  const { services, errors, queues, model_pack, version } = state;
  const well = services.every(({ healthy }) => healthy);
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <Figure name="Services" value={`${services.filter(({ healthy }) => healthy).length} of ${services.length}`}>
          <Badge color={well ? "green" : "red"}>{well ? "all well" : "not all well"}</Badge>
        </Figure>
        <Figure
          name="Calls that failed by the server's fault"
          value={errors ? `${(errors.rate * 100).toFixed(2)} %` : "–"}
        >
          {errors && (
            <Text size="sm" c="dimmed">
              {errors.failed} of {errors.total.toLocaleString()} in {errors.minutes} minutes
            </Text>
          )}
        </Figure>
        <Figure name="Version" value={version} />
      </SimpleGrid>
      <section aria-labelledby="queues">
        <Title order={2} size="h4" mb="sm" id="queues">
          Queues
        </Title>
        {queues.length === 0 && (
          <Text size="sm" c="dimmed">
            No service says how busy it is.
          </Text>
        )}
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          {queues.map((queue) => (
            <Waiting key={queue.name} queue={queue} />
          ))}
        </SimpleGrid>
      </section>
      <section aria-labelledby="health">
        <Title order={2} size="h4" mb="sm" id="health">
          Health
        </Title>
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
          {services.map(({ name, healthy, latency_ms }) => (
            <Paper key={name} p="sm">
              <Group justify="space-between">
                <Text size="sm" fw={600}>
                  {name}{" "}
                  <Text span size="sm" c="dimmed" fw={400} className="num">
                    {latency_ms.toFixed(1)} ms
                  </Text>
                </Text>
                <Badge color={healthy ? "green" : "red"}>{healthy ? "well" : "away"}</Badge>
              </Group>
            </Paper>
          ))}
        </SimpleGrid>
      </section>
      <section aria-labelledby="models">
        <Title order={2} size="h4" mb="sm" id="models">
          Model pack {model_pack && `${model_pack.name} ${model_pack.version}`}
        </Title>
        {model_pack ? (
          <Models models={model_pack.models} />
        ) : (
          <Text size="sm" c="dimmed">
            The models' service does not answer.
          </Text>
        )}
      </section>
    </>
  );
}

function Figure({ name, value, children }: { name: string; value: string; children?: ReactNode }) {
  return (
    <Paper p="md">
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Group gap="xs" mt={4}>
        <Text fw={700} size="xl" className="num">
          {value}
        </Text>
        {children}
      </Group>
    </Paper>
  );
}

/** How full a queue is; red where calls are soon refused. */
function Waiting({ queue: { name, depth, capacity, working, workers } }: { queue: Queue }) {
  const share = capacity === 0 ? 0 : depth / capacity;
  return (
    <Paper p="md">
      <Group justify="space-between">
        <Text size="sm" fw={600}>
          {name}
        </Text>
        <Text size="sm" c="dimmed" className="num">
          {depth} of {capacity} waiting, {working} of {workers} working
        </Text>
      </Group>
      <Progress
        mt="xs"
        value={share * 100}
        color={share > 0.8 ? "red" : "brand"}
        aria-label={`${name}: queue in use`}
      />
    </Paper>
  );
}

function Models({ models }: { models: Model[] }) {
  return (
    <Paper>
      <Table.ScrollContainer minWidth={480} type="native" tabIndex={0}>
        <Table aria-label="Models">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Model</Table.Th>
              <Table.Th>Version</Table.Th>
              <Table.Th>Licence</Table.Th>
              <Table.Th visibleFrom="lg">From</Table.Th>
              <Table.Th>SHA-256</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {models.map(({ name, version, licence, source, sha256 }) => (
              <Table.Tr key={name}>
                <Table.Td fw={600}>{name}</Table.Td>
                <Table.Td>{version}</Table.Td>
                <Table.Td>{licence}</Table.Td>
                <Table.Td visibleFrom="lg" className="any">
                  {source}
                </Table.Td>
                <Table.Td>
                  <Group gap={4} wrap="nowrap">
                    <span className="mono">{sha256.slice(0, 12)}…</span>
                    <Copyable text={sha256} label={`Copy the checksum of ${name}`} />
                  </Group>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  );
}
