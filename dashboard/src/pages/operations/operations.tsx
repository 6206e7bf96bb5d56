import { Badge, Group, Paper, Progress, SimpleGrid, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { type Model, operations, type Operations as State, type Queue } from "../../api/operations";
import { Loaded, Page } from "../../parts/page";
import { Figure, Note, Section } from "../../parts/panel";
import { Rows } from "../../parts/rows";
import { Copyable } from "../../parts/secret";

/** The services in words. */
const NAMES: Record<string, string> = {
  projects: "Projects and accounts",
  sessions: "Sessions",
  consent: "Consent",
  ml: "Face, voice and lips",
  transactions: "Transactions",
  docauth: "Documents",
};

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
          <Badge color={well ? "green" : "red"}>{well ? "all healthy" : "needs attention"}</Badge>
        </Figure>
        <Figure name="Server errors" value={errors ? `${(errors.rate * 100).toFixed(2)} %` : "–"}>
          {errors && (
            <Note>
              {errors.failed} of {errors.total.toLocaleString()} in {errors.minutes} minutes
            </Note>
          )}
        </Figure>
        <Figure name="Version" value={version} />
      </SimpleGrid>
      <Section title="Queues">
        {queues.length === 0 && <Note>No service says how busy it is.</Note>}
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          {queues.map((queue) => (
            <Waiting key={queue.name} queue={queue} />
          ))}
        </SimpleGrid>
      </Section>
      <Section title="Health">
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }}>
          {services.map(({ name, healthy, latency_ms }) => (
            <Paper key={name} p="sm">
              <Group justify="space-between">
                <Text size="sm" fw={600}>
                  {NAMES[name] ?? name}{" "}
                  <Text span size="sm" c="dimmed" fw={400} className="num">
                    {latency_ms.toFixed(1)} ms
                  </Text>
                </Text>
                <Badge color={healthy ? "green" : "red"}>{healthy ? "healthy" : "down"}</Badge>
              </Group>
            </Paper>
          ))}
        </SimpleGrid>
      </Section>
      <Section title={`Model pack ${model_pack ? `${model_pack.name} ${model_pack.version}` : ""}`}>
        {model_pack ? <Models models={model_pack.models} /> : <Note>The models' service does not answer.</Note>}
      </Section>
    </>
  );
}

/** How full a queue is; red where calls are soon refused. */
function Waiting({ queue: { name, depth, capacity, working, workers } }: { queue: Queue }) {
  const share = capacity === 0 ? 0 : depth / capacity;
  return (
    <Paper p="md">
      <Group justify="space-between">
        <Text size="sm" fw={600}>
          {NAMES[name] ?? name}
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
    <Rows
      label="Models"
      rows={models}
      minWidth={480}
      columns={["Model", "Version", "Licence", { name: "From", from: "lg" }, "SHA-256"]}
    >
      {({ name, version, licence, source, sha256 }) => (
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
      )}
    </Rows>
  );
}
