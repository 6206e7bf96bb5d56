import { Badge, Grid, Group, Kbd, Paper, Stack, Tabs, Text } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { IconChecklist } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { Link, useSearchParams } from "wouter";

import { MAY } from "../../api/permissions";
import { claim, counts, type Decision, type Queue, queue } from "../../api/reviews";
import { useCan } from "../../api/session";
import { one } from "../../api/transactions";
import type { Transaction } from "../../api/types";
import { Listed } from "../../parts/listed";
import { done, failed } from "../../parts/notify";
import { Empty, Loaded, Page } from "../../parts/page";
import { Section } from "../../parts/panel";
import { useProject } from "../../shell/place";
import { FraudHits } from "../transaction/fraud";
import { Samples } from "../transaction/samples";
import { Decision as Decided, Services } from "../transaction/transaction";
import { useReviewCache } from "./cache";
import { type Deciding, DecisionDialog } from "./decision-dialog";
import { usePageKeys } from "./keys";
import { QueueList } from "./queue-list";
import { ReviewPanel } from "./review-panel";

const QUEUES: { value: Queue; label: string; empty: string }[] = [
  { value: "unassigned", label: "Unassigned", empty: "Nothing waits for a reviewer" },
  { value: "mine", label: "Mine", empty: "You hold no review" },
  { value: "waiting", label: "Waiting", empty: "Nothing waits for a second person or a new capture" },
  { value: "done", label: "Done", empty: "Nothing was decided yet" },
];

/** What waits for people, one beside the list. */
export default function Reviews() {
  const project = useProject() ?? "";
  const [search, setSearch] = useSearchParams();
  const part = QUEUES.find(({ value }) => value === search.get("queue")) ?? QUEUES[0]!;
  const numbers = useQuery({
    queryKey: ["review-counts", project],
    queryFn: ({ signal }) => counts(signal),
    refetchInterval: 15_000,
  });
  return (
    <Page
      title="Reviews"
      about={
        <>
          Transactions for people to decide. <Kbd>j</Kbd> <Kbd>k</Kbd> next and previous, <Kbd>c</Kbd> claim,{" "}
          <Kbd>a</Kbd> approve, <Kbd>r</Kbd> reject, <Kbd>n</Kbd> new capture.
        </>
      }
      actions={numbers.data && numbers.data.overdue > 0 && <Badge color="red">{numbers.data.overdue} overdue</Badge>}
    >
      <Tabs
        value={part.value}
        onChange={(value) => setSearch({ queue: value ?? "unassigned" }, { replace: true })}
        keepMounted={false}
      >
        <Tabs.List mb="md">
          {QUEUES.map(({ value, label }) => (
            <Tabs.Tab key={value} value={value}>
              {label}
              {value !== "done" && numbers.data !== undefined && ` (${numbers.data[value]})`}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value={part.value}>
          <Part
            key={part.value}
            part={part}
            project={project}
            id={search.get("id")}
            onGo={(id, to = part.value) => setSearch({ queue: to, id }, { replace: true })}
          />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

interface PartProps {
  part: (typeof QUEUES)[number];
  project: string;
  /** The review the address names. */
  id: string | null;
  onGo: (id: string, to?: Queue) => void;
}

function Part({ part, project, id, onGo }: PartProps) {
  const query = useInfiniteQuery({
    queryKey: ["reviews", project, part.value],
    queryFn: ({ pageParam, signal }) => queue(part.value, pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    refetchInterval: 15_000,
  });
  return (
    <Listed query={query} rows={({ data }) => data} more="More reviews">
      {(rows) =>
        rows.length === 0 ? (
          <Paper>
            <Empty icon={<IconChecklist size={36} />} title={part.empty} />
          </Paper>
        ) : (
          <Workspace rows={rows} project={project} id={id} onGo={onGo} />
        )
      }
    </Listed>
  );
}

function Workspace({ rows, project, id, onGo }: Omit<PartProps, "part"> & { rows: Transaction[] }) {
  const can = useCan();
  const [at, setAt] = useState(0);
  const [deciding, setDeciding] = useState<Deciding | null>(null);
  const { refresh } = useReviewCache(project);
  const found = rows.findIndex((row) => row.id === id);
  // What was decided leaves the list: the one that takes its place comes next.
  const index = found >= 0 ? found : Math.min(at, rows.length - 1);
  const chosen = rows[index]!;
  useEffect(() => setAt(index), [index]);
  const choose = (next: number) => {
    const row = rows[next];
    if (!row) return;
    onGo(row.id);
    document.querySelector<HTMLElement>(`[data-testid="review-item"][data-id="${row.id}"]`)?.focus();
  };
  const begin = (decision: Decision) => () => {
    if (can(MAY.review) && isOpen(chosen)) setDeciding({ id: chosen.id, decision });
  };
  usePageKeys({
    j: () => choose(index + 1),
    k: () => choose(index - 1),
    a: begin("approve"),
    r: begin("reject"),
    n: begin("new_capture"),
    c: () => {
      if (!can(MAY.review) || !isOpen(chosen)) return;
      claim(chosen.id)
        .then(() => {
          done("The review is yours");
          onGo(chosen.id, "mine");
        }, failed)
        .finally(refresh);
    },
  });
  return (
    <Grid>
      <Grid.Col span={{ base: 12, md: 4 }}>
        <QueueList rows={rows} chosen={chosen.id} onChoose={(next) => onGo(next)} />
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 8 }}>
        <Stack>
          <ReviewPanel
            key={chosen.id}
            id={chosen.id}
            project={project}
            onDecide={(decision) => setDeciding({ id: chosen.id, decision })}
            onClaimed={() => onGo(chosen.id, "mine")}
          />
          <Evidence id={chosen.id} project={project} />
        </Stack>
        {deciding && <DecisionDialog deciding={deciding} project={project} onClose={() => setDeciding(null)} />}
      </Grid.Col>
    </Grid>
  );
}

const isOpen = ({ review }: Transaction) => review === null || review.decision === null;

/** What the reviewer decides on. */
function Evidence({ id, project }: { id: string; project: string }) {
  const can = useCan();
  const query = useQuery({ queryKey: ["transaction", project, id], queryFn: ({ signal }) => one(id, signal) });
  return (
    <Loaded query={query}>
      {(transaction) => (
        <>
          <Section
            title={transaction.user_fullname ?? "Unknown user"}
            aside={
              <Group gap="md">
                {transaction.user_fullname && can(MAY.seeSubjects) && (
                  <Link href={`/subjects?user=${encodeURIComponent(transaction.user_fullname)}`}>Person</Link>
                )}
                <Link href={`/transactions/${id}`}>Whole transaction</Link>
              </Group>
            }
          >
            <Decided transaction={transaction} />
          </Section>
          {transaction.fraud.length > 0 && <FraudHits hits={transaction.fraud} id={transaction.id} />}
          {can(MAY.seeSamples) ? (
            <Samples key={id} id={id} />
          ) : (
            <Text size="sm" c="dimmed">
              Your role may not see samples.
            </Text>
          )}
          <Services transaction={transaction} />
        </>
      )}
    </Loaded>
  );
}
