import { Accordion, Badge, Group, SimpleGrid, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";

import { audit, type AuditEntry } from "../../api/accounts";
import { useMe } from "../../api/session";
import { Listed } from "../../parts/listed";
import { Empty, Page } from "../../parts/page";
import { Note, Source } from "../../parts/panel";
import { When } from "../../parts/time";
import { words } from "../../parts/words";

/** Who changed what; lines are only ever added. */
export default function Audit() {
  const query = useInfiniteQuery({
    queryKey: ["audit"],
    queryFn: ({ pageParam }) => audit(pageParam),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor || undefined,
  });
  return (
    <Page
      title="Audit log"
      about="Every change of the organisation, and every look at samples: who, what, before and after. Nothing in it can be changed or removed."
    >
      <Listed query={query} rows={(page) => page.entries} more="Older entries">
        {(entries) =>
          entries.length === 0 ? (
            <Empty title="Nothing was changed yet" />
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

function Entry({ entry }: { entry: AuditEntry }) {
  const { projects } = useMe();
  const project = projects.find(({ id }) => id === entry.project_id)?.name;
  return (
    <Accordion.Item value={String(entry.id)}>
      <Accordion.Control>
        <Group gap="sm">
          <Text size="sm" c="dimmed">
            <When at={entry.at} />
          </Text>
          <Text size="sm" fw={600} className="any">
            {entry.actor.name || entry.actor.id || "the operator"}
          </Text>
          {entry.actor.kind !== "user" && <Badge color="gray">{words(entry.actor.kind)}</Badge>}
          <Badge color="brand">{words(entry.action)}</Badge>
          <Text size="sm" c="dimmed" className="any">
            {entry.target}
          </Text>
          {project && (
            <Text size="sm" c="dimmed" className="any">
              in {project}
            </Text>
          )}
        </Group>
      </Accordion.Control>
      <Accordion.Panel>
        <SimpleGrid cols={{ base: 1, md: 2 }}>
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
