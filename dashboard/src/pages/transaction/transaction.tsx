import { Alert, Badge, Grid, Group, Paper, SimpleGrid, Spoiler, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { Link, useParams } from "wouter";

import { MAY } from "../../api/permissions";
import { useReasons } from "../../api/reasons";
import { useCan } from "../../api/session";
import { one, related } from "../../api/transactions";
import type { Transaction } from "../../api/types";
import { FlagBadge, ReasonBadge, VerdictBadge } from "../../parts/badges";
import { Loaded, LoadedPage, Page } from "../../parts/page";
import { Note, Panel, Section, Source } from "../../parts/panel";
import { Id } from "../../parts/secret";
import { When } from "../../parts/time";
import { words } from "../../parts/words";
import { useProject } from "../../shell/place";
import { type Deciding, DecisionDialog } from "../reviews/decision-dialog";
import { ReviewPanel } from "../reviews/review-panel";
import { TransactionTable } from "../transactions/table";
import { DocumentCard } from "./document-card";
import { Facts, Stages } from "./facts";
import { FraudHits } from "./fraud";
import { headlineOf } from "./headline";
import { PhrasePanel } from "./phrase-panel";
import { Review } from "./review";
import { Samples } from "./samples";
import { ServiceCard } from "./service-card";

const PlaceMap = lazy(() => import("./place-map"));

/** Everything known of one call. */
export default function TransactionDetail() {
  const { id = "" } = useParams<{ id: string }>();
  const project = useProject() ?? "";
  const query = useQuery({ queryKey: ["transaction", project, id], queryFn: ({ signal }) => one(id, signal) });
  return (
    <LoadedPage query={query} title="Transaction" list={{ name: "Transactions", href: "/transactions" }}>
      {(transaction) => <Detail transaction={transaction} project={project} />}
    </LoadedPage>
  );
}

function Detail({ transaction, project }: { transaction: Transaction; project: string }) {
  const can = useCan();
  const [deciding, setDeciding] = useState<Deciding | null>(null);
  const { geo } = transaction;
  const placed = typeof geo?.lat === "number" && typeof geo.lng === "number";
  return (
    <Page
      title={transaction.user_fullname ?? words(transaction.kind)}
      about={
        <>
          <Link href="/transactions">Transactions</Link> · {words(transaction.kind)} ·{" "}
          <When at={transaction.created_at} /> · <Id id={transaction.id} />
        </>
      }
      actions={<Review transaction={transaction} project={project} />}
    >
      <Decision transaction={transaction} />
      <PhrasePanel result={transaction.services?.["Visual Speech Recognition"]} />
      {transaction.fraud.length > 0 && <FraudHits hits={transaction.fraud} id={transaction.id} />}
      {(transaction.verdict !== null || transaction.review !== null) && (
        <ReviewPanel
          id={transaction.id}
          project={project}
          onDecide={(decision) => setDeciding({ id: transaction.id, decision })}
        />
      )}
      {deciding && <DecisionDialog deciding={deciding} project={project} onClose={() => setDeciding(null)} />}
      <Services transaction={transaction} />
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Stack>
          {can(MAY.seeSamples) && transaction.kind !== "session_start" && <Samples id={transaction.id} />}
          {transaction.durations?.stages && transaction.durations.stages.length > 0 && (
            <Stages stages={transaction.durations.stages} total={transaction.duration_ms} />
          )}
        </Stack>
        <Stack>
          {geo && (
            <Panel title="Place">
              {placed && (
                <Suspense fallback={<Note>The map is loading.</Note>}>
                  <PlaceMap geo={geo} fraud={transaction.fraud} />
                </Suspense>
              )}
              <Text size="sm" mt="xs" className="any">
                {[geo.city, geo.country].filter(Boolean).join(", ") || "unknown"}
                {geo.source && (
                  <Text span c="dimmed">
                    {" "}
                    · reported by the {geo.source === "ip" ? "address" : "device"}
                  </Text>
                )}
              </Text>
            </Panel>
          )}
          <Facts title="Device" facts={transaction.device_info ?? {}} empty="No device information was sent." />
          <Facts title="Call" facts={callFacts(transaction)} empty="" />
        </Stack>
      </SimpleGrid>
      <RelatedCalls id={transaction.id} project={project} />
      <Panel title="The whole record">
        <Spoiler maxHeight={120} showLabel="Show all" hideLabel="Show less">
          <Source name="JSON">{JSON.stringify(transaction, null, 2)}</Source>
        </Spoiler>
      </Panel>
    </Page>
  );
}

/** What each service found. */
export function Services({ transaction }: { transaction: Transaction }) {
  const services = Object.entries(transaction.services ?? {}).filter(
    ([, result]) => typeof result === "object" && result !== null && !Array.isArray(result),
  );
  if (services.length === 0) return null;
  const document = transaction.services?.["document"];
  return (
    <Section title="What the services found">
      {document?.["checks"] !== undefined && <DocumentCard result={document} />}
      <Grid>
        {services
          .filter(([name, result]) => name !== "document" || result["checks"] === undefined)
          .map(([name, result]) => (
            <Grid.Col key={name} span={{ base: 12, md: 6, xl: 4 }}>
              <ServiceCard
                name={name}
                result={result}
                reasons={transaction.decision_reasons}
                evidence={transaction.evidence}
              />
            </Grid.Col>
          ))}
      </Grid>
    </Section>
  );
}

export function Decision({ transaction }: { transaction: Transaction }) {
  const { verdict, score, decision_reasons: reasons, error, evidence, rules, http_status, tags, flag } = transaction;
  const set = evidence?.rules;
  const headline = headlineOf(transaction, useReasons());
  return (
    <Paper
      p="md"
      style={{ borderLeft: `4px solid ${verdict ? `var(--${verdict})` : "var(--mantine-color-default-border)"}` }}
      data-testid="decision"
    >
      <Stack gap="sm">
        <Group gap="md">
          {verdict && <VerdictBadge verdict={verdict} size="lg" />}
          {score !== null && (
            <Text fw={700} size="xl" className="num">
              {score.toFixed(1)}
              <Text span size="sm" c="dimmed" fw={400}>
                {" "}
                of 100
              </Text>
            </Text>
          )}
          {transaction.mode === "test" && (
            <Badge color="yellow" title="Made with a test key: counted and compared with nothing">
              Test
            </Badge>
          )}
          <FlagBadge flag={flag} />
          {!verdict && (
            <Text size="sm">
              {http_status < 400 ? "Completed (no decision)" : `Rejected with status ${http_status}`}
            </Text>
          )}
        </Group>
        {headline && verdict !== "pass" && (
          <div data-testid="headline">
            <Text fw={600} size="lg" className="any">
              {headline.title}
            </Text>
            {headline.explanation && <Text size="sm">{headline.explanation}</Text>}
            {headline.remedy && (
              <Text size="sm" c="dimmed">
                What helps: {headline.remedy}.
              </Text>
            )}
          </div>
        )}
        {error && <Alert color="red">{error}</Alert>}
        {reasons.length > 0 && (
          <Group gap={6}>
            {reasons.map((reason) => (
              <ReasonBadge key={reason} reason={reason} />
            ))}
          </Group>
        )}
        {tags.length > 0 && (
          <Group gap={6}>
            <Text size="sm" c="dimmed">
              Tags
            </Text>
            {tags.map((tag, index) => (
              <Badge key={index} color="gray" data-cut>
                {tag}
              </Badge>
            ))}
          </Group>
        )}
        {rules && (
          <Text size="sm" c="dimmed">
            Decided by{" "}
            {set ? (
              <Link href={`/rules/${set.scores_id}`}>version {set.version} of the project's rules</Link>
            ) : rules === "default" ? (
              "the built-in rules"
            ) : (
              rules
            )}
            .
          </Text>
        )}
      </Stack>
    </Paper>
  );
}

function callFacts({
  session_id,
  api_key_id,
  action_trigger,
  client_app,
  client_app_version,
  http_status,
  duration_ms,
}: Transaction) {
  return {
    session: session_id && <Link href={`/transactions?session_id=${session_id}`}>{session_id}</Link>,
    "api key": <Id id={api_key_id} />,
    trigger: action_trigger,
    app: [client_app, client_app_version].filter(Boolean).join(" ") || null,
    "http status": http_status,
    duration: `${duration_ms} ms`,
  };
}

function RelatedCalls({ id, project }: { id: string; project: string }) {
  const query = useQuery({
    queryKey: ["related", project, id],
    queryFn: ({ signal }) => related(id, signal),
  });
  return (
    <Section
      title="Same session, user or device"
      aside={<Link href={`/fraud?transaction=${id}`}>Show links to other users</Link>}
    >
      <Loaded query={query} lines={2}>
        {(rows) =>
          rows.length === 0 ? (
            <Note>There are no others.</Note>
          ) : (
            <TransactionTable rows={rows} caption="Related transactions" shares={(row) => row.related_by.join(", ")} />
          )
        }
      </Loaded>
    </Section>
  );
}
