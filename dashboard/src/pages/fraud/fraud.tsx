import { Paper, SegmentedControl, SimpleGrid } from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useSearchParams } from "wouter";

import { fraudSummary, type FraudSummary } from "../../api/fraud";
import { Empty, Loaded, Page } from "../../parts/page";
import { Figure } from "../../parts/panel";
import { useProject } from "../../shell/place";
import { BlockDialog, type Blocking } from "./block-dialog";
import { Blocklist } from "./blocklist";
import { Clusters } from "./clusters";
import { Findings } from "./findings";
import { LinksPanel } from "./links-panel";
import { spanOf, SPANS } from "./spans";
import { Values } from "./values";

const SignalCharts = lazy(() => import("./signal-charts"));

/** Who attacks, how, and with what. */
export default function Fraud() {
  const project = useProject() ?? "";
  const [search, setSearch] = useSearchParams();
  const span = spanOf(search.get("span"));
  const shown = search.get("transaction");
  const [blocking, setBlocking] = useState<Blocking | null>(null);
  const query = useQuery({
    queryKey: ["fraud", project, span],
    refetchInterval: 60_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => {
      const now = Date.now();
      const from = new Date(now - SPANS[span].ms).toISOString();
      return fraudSummary(from, new Date(now).toISOString(), SPANS[span].bucket, signal);
    },
  });
  const show = (transaction: string | null) => setSearch(transaction ? { span, transaction } : { span });
  return (
    <Page
      title="Fraud"
      about="Attacks, what they have in common, and what is blocked."
      actions={
        <SegmentedControl
          value={span}
          onChange={(value) => setSearch(shown ? { span: value, transaction: shown } : { span: value })}
          data={Object.entries(SPANS).map(([value, { label }]) => ({ value, label }))}
          aria-label="Span of time"
        />
      }
    >
      {shown && <LinksPanel id={shown} project={project} onBlock={setBlocking} onClose={() => show(null)} />}
      <Loaded query={query} lines={8}>
        {(summary) => (
          <Summary summary={summary} daily={SPANS[span].bucket === "day"} onBlock={setBlocking} onShow={show} />
        )}
      </Loaded>
      <Blocklist project={project} onBlock={setBlocking} />
      {blocking && <BlockDialog blocking={blocking} project={project} onClose={() => setBlocking(null)} />}
    </Page>
  );
}

interface SummaryProps {
  summary: FraudSummary;
  daily: boolean;
  onBlock: (blocking: Blocking) => void;
  onShow: (transaction: string) => void;
}

function Summary({ summary: { buckets, values, clusters, findings }, daily, onBlock, onShow }: SummaryProps) {
  const calls = buckets.reduce((sum, bucket) => sum + bucket.calls, 0);
  const isQuiet = buckets.every(({ signals }) => Object.keys(signals).length === 0);
  if (isQuiet)
    return (
      <Paper>
        <Empty icon={<IconShieldCheck size={36} />} title="No signs of attacks in this time">
          Fraud rules and decisions that speak for an attack would be counted here.
        </Empty>
      </Paper>
    );
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <Figure name="Suspicious calls" value={calls.toLocaleString()} />
        <Figure name="Faces of other users" value={findings.length.toLocaleString()} />
        <Figure name="Faces under several names" value={clusters.length.toLocaleString()} />
      </SimpleGrid>
      <Findings findings={findings} onShow={onShow} />
      <Clusters clusters={clusters} onBlock={onBlock} onShow={onShow} />
      <Suspense fallback={<Paper p="md" h={320} />}>
        <SignalCharts buckets={buckets} daily={daily} />
      </Suspense>
      <Values values={values} onBlock={onBlock} onShow={onShow} />
    </>
  );
}
