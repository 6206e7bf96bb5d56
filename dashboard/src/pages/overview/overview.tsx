import { Anchor, Paper, SegmentedControl, SimpleGrid, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { IconVideo } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { Link, useSearchParams } from "wouter";

import { type Stats, stats } from "../../api/stats";
import { Empty, Loaded, Page } from "../../parts/page";
import { Figure } from "../../parts/panel";
import { useProject } from "../../shell/place";
import { Checklist } from "./checklist";
import { Reasons } from "./reasons";
import { sums } from "./sums";

const Charts = lazy(() => import("./charts"));

const HOUR = 3_600_000;
const SPANS = {
  "24h": { label: "24 hours", ms: 24 * HOUR, bucket: "hour" },
  "7d": { label: "7 days", ms: 168 * HOUR, bucket: "hour" },
  "30d": { label: "30 days", ms: 720 * HOUR, bucket: "day" },
  "90d": { label: "90 days", ms: 2160 * HOUR, bucket: "day" },
} as const;
type Span = keyof typeof SPANS;

/** How the project does, at a glance. */
export default function Overview() {
  const project = useProject() ?? "";
  const [search, setSearch] = useSearchParams();
  const asked = search.get("span");
  const span: Span = asked !== null && asked in SPANS ? (asked as Span) : "7d";
  const query = useQuery({
    queryKey: ["stats", project, span],
    refetchInterval: 60_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => {
      const now = Date.now();
      return stats(
        new Date(now - SPANS[span].ms).toISOString(),
        new Date(now).toISOString(),
        SPANS[span].bucket,
        signal,
      );
    },
  });
  return (
    <Page
      title="Overview"
      about="Verifications and outcomes."
      actions={
        <>
          <Anchor component={Link} href="/report" size="sm">
            Monthly report
          </Anchor>
          <SegmentedControl
            value={span}
            onChange={(value) => setSearch({ span: value }, { replace: true })}
            data={Object.entries(SPANS).map(([value, { label }]) => ({ value, label }))}
            aria-label="Span of time"
          />
        </>
      }
    >
      <Checklist />
      <Loaded query={query} lines={8}>
        {(found) => <Panels stats={found} daily={SPANS[span].bucket === "day"} />}
      </Loaded>
    </Page>
  );
}

function Panels({ stats: { buckets, reasons_complete }, daily }: { stats: Stats; daily: boolean }) {
  const { total, pass, refer, fail, passRate, p95 } = sums(buckets);
  if (total === 0) {
    return (
      <Paper>
        <Empty icon={<IconVideo size={36} />} title="No verifications yet">
          Record a short video of yourself to see a decision, or create an API key and call the API.
        </Empty>
      </Paper>
    );
  }
  return (
    <>
      <SimpleGrid cols={{ base: 2, md: 4 }}>
        <Figure name="Calls" value={total.toLocaleString()} />
        <Figure name="Pass rate" value={passRate === null ? "–" : `${(passRate * 100).toFixed(1)} %`}>
          <Text size="xs" c="dimmed">
            {pass.toLocaleString()} passed, {fail.toLocaleString()} failed
          </Text>
        </Figure>
        <Figure name="Referred for review" value={refer.toLocaleString()}>
          <Text size="xs">
            <Link href="/reviews">Open the review queue</Link>
          </Text>
        </Figure>
        <Figure name="p95 latency" value={p95 === null ? "–" : `${Math.round(p95).toLocaleString()} ms`} />
      </SimpleGrid>
      <Suspense fallback={<Paper p="md" h={320} />}>
        <Charts buckets={buckets} daily={daily} />
      </Suspense>
      <Reasons buckets={buckets} complete={reasons_complete} />
    </>
  );
}
