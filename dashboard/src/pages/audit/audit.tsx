import { Accordion, Badge, Group, NativeSelect, Paper, SimpleGrid, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { IconHistory } from "@tabler/icons-react";
import { useSearchParams } from "wouter";

import { audit, type AuditEntry } from "../../api/accounts";
import { useMe } from "../../api/session";
import { Listed } from "../../parts/listed";
import { Empty, Page } from "../../parts/page";
import { Note, Source } from "../../parts/panel";
import { Id } from "../../parts/secret";
import { When } from "../../parts/time";
import { words } from "../../parts/words";

/** What entries are about, as their actions begin. */
const GROUPS: Record<string, string> = {
  key: "API keys",
  user: "People and sign-ins",
  project: "Projects",
  rules: "Scoring rules",
  samples: "Looks at samples",
  subject: "Erasures",
  transaction: "Tags and flags",
  transactions: "Exports of transactions",
  consent: "Consents",
  consents: "Exports of consents",
  webhook: "Webhooks",
  retention: "Retention",
  sim_swap: "SIM swap",
  signing_key: "Signing keys",
  organisation: "Organisation",
};

/** Who changed what; lines are only ever added. */
export default function Audit() {
  const { projects } = useMe();
  const [search, setSearch] = useSearchParams();
  const [action, project] = [search.get("action") ?? "", search.get("project") ?? ""];
  const filter = (change: Record<string, string>) =>
    setSearch(
      Object.entries({ action, project, ...change }).filter(([, value]) => value !== ""),
      { replace: true },
    );
  const query = useInfiniteQuery({
    queryKey: ["audit", action, project],
    queryFn: ({ pageParam }) => audit({ action, project }, pageParam),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor || undefined,
  });
  return (
    <Page
      title="Audit log"
      about="Every change of the organisation, every sign-in, and every look at samples: who, what, before and after. Nothing in it can be changed or removed."
    >
      <Paper p="md">
        <SimpleGrid cols={{ base: 1, xs: 2, md: 3 }} spacing="sm">
          <NativeSelect
            label="About"
            value={action}
            onChange={(event) => filter({ action: event.currentTarget.value })}
            data={[
              { value: "", label: "Everything" },
              ...Object.entries(GROUPS).map(([value, label]) => ({ value, label })),
              // A single action, from a link.
              ...(action && !(action in GROUPS) ? [{ value: action, label: words(action) }] : []),
            ]}
          />
          <NativeSelect
            label="Project"
            value={project}
            onChange={(event) => filter({ project: event.currentTarget.value })}
            data={[{ value: "", label: "Any" }, ...projects.map(({ id, name }) => ({ value: id, label: name }))]}
          />
        </SimpleGrid>
      </Paper>
      <Listed query={query} rows={(page) => page.entries} more="Older entries">
        {(entries) =>
          entries.length === 0 ? (
            <Paper>
              <Empty icon={<IconHistory size={36} />} title="Nothing of this happened yet" />
            </Paper>
          ) : (
            <Accordion variant="contained" order={2} data-testid="audit">
              {entries.map((entry) => (
                <Entry key={entry.id} entry={entry} />
              ))}
            </Accordion>
          )
        }
      </Listed>
    </Page>
  );
}

/** Who has no name here. A user without one has left the organisation. */
const ACTORS: Record<string, string> = {
  operator: "the operator",
  anonymous: "somebody not signed in",
  user: "somebody who left",
};

/** What an entry's target is called, where the entry itself says so. */
function called({ before, after }: AuditEntry): string | null {
  for (const side of [after, before]) {
    const said = (side ?? {}) as { name?: unknown; email?: unknown };
    if (typeof said.name === "string") return said.name;
    if (typeof said.email === "string") return said.email;
  }
  return null;
}

function Entry({ entry }: { entry: AuditEntry }) {
  const { projects } = useMe();
  const project = projects.find(({ id }) => id === entry.project_id)?.name;
  const name = called(entry);
  return (
    <Accordion.Item value={String(entry.id)}>
      <Accordion.Control>
        <Group gap="xs" component="span">
          <Badge color={/_(failed|refused)$|locked_out|deletion/.test(entry.action) ? "red" : "brand"}>
            {words(entry.action)}
          </Badge>
          <Text size="sm" className="any" span>
            <b>{entry.actor.name || ACTORS[entry.actor.kind] || entry.actor.id}</b>
            {entry.actor.kind === "api_key" && " (API key)"}
            {name && <> · {name}</>}
            {project && <> · in {project}</>}
          </Text>
          <Text size="sm" c="dimmed" span>
            <When at={entry.at} />
          </Text>
        </Group>
      </Accordion.Control>
      <Accordion.Panel>
        <Note>
          Target <Id id={entry.target} whole />
          {entry.actor.id && (
            <>
              {" "}
              · by <Id id={entry.actor.id} whole />
            </>
          )}
        </Note>
        <SimpleGrid cols={{ base: 1, md: 2 }} mt="sm">
          <Side title="Before" value={entry.before} />
          <Side title="After" value={entry.after} />
        </SimpleGrid>
      </Accordion.Panel>
    </Accordion.Item>
  );
}

function Side({ title, value }: { title: string; value: unknown }) {
  return (
    <div>
      <Text size="sm" fw={600} mb={4}>
        {title}
      </Text>
      {value === null || value === undefined ? (
        <Note>–</Note>
      ) : (
        <Source name={title}>{JSON.stringify(value, null, 2)}</Source>
      )}
    </div>
  );
}
