import { Button, Group, Indicator, Switch, Text, Tooltip } from "@mantine/core";
import { type InfiniteData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { IconDownload, IconListDetails } from "@tabler/icons-react";
import { useEffect, useMemo, useState } from "react";
import { useSearchParams } from "wouter";

import { type LiveState, useLive } from "../../api/live";
import { download, list } from "../../api/transactions";
import type { Page as ListPage, Transaction } from "../../api/types";
import { Listed } from "../../parts/listed";
import { failed } from "../../parts/notify";
import { Empty, Page } from "../../parts/page";
import { useProject } from "../../shell/place";
import { FilterBar } from "./filter-bar";
import { type Filters, fromSearch, matches, toApi, toSearch } from "./filters";
import { TransactionTable } from "./table";

/** How often the list is read where there is no live connection. */
const ASK_MS = 4000;

/** What happened, newest first, and what happens now. */
export default function Transactions() {
  const [search, setSearch] = useSearchParams();
  const filters = useMemo(() => fromSearch(search), [search]);
  const setFilters = (next: Filters) => setSearch(toSearch(next), { replace: true });
  const [live, setLive] = useState(true);
  const { query, fresh, state } = useList(filters, live);
  const [saving, setSaving] = useState(false);
  const save = () => {
    setSaving(true);
    download(toApi(filters))
      .catch(failed)
      .finally(() => setSaving(false));
  };
  return (
    <Page
      title="Transactions"
      about="Every call of the API with its decision. The filters are part of the URL, so a list can be shared."
      actions={
        <>
          <LiveSwitch on={live} state={state} onChange={setLive} />
          <Button
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            loading={saving}
            onClick={save}
          >
            Export CSV
          </Button>
        </>
      }
    >
      <FilterBar filters={filters} onChange={setFilters} />
      <Listed query={query} rows={({ data }) => data} more="Older transactions">
        {(rows) => (
          <TransactionTable
            rows={rows}
            fresh={fresh}
            caption="Transactions"
            empty={<Nothing filtered={Object.keys(filters).length > 0} />}
          />
        )}
      </Listed>
    </Page>
  );
}

/** The pages read so far, with what comes in live on top. */
function useList(filters: Filters, live: boolean) {
  const client = useQueryClient();
  const project = useProject() ?? "";
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const queryKey = ["transactions", project, toSearch(filters).toString()];
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam, signal }) => list(toApi(filters), pageParam, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
  const state = useLive(live, project, (transaction) => {
    if (!matches(filters, transaction)) return;
    client.setQueryData<InfiniteData<ListPage<Transaction>>>(queryKey, (old) => old && onTop(old, transaction));
    setFresh((known) => new Set([...known, transaction.id].slice(-50)));
  });
  const { refetch } = query;
  useEffect(() => {
    if (state !== "asking") return;
    const again = setInterval(() => void refetch(), ASK_MS);
    return () => clearInterval(again);
  }, [state, refetch]);
  return { query, fresh, state };
}

/** The same transaction may come twice: with its decision, and again when a fraud rule has fired. */
function onTop(
  old: InfiniteData<ListPage<Transaction>>,
  transaction: Transaction,
): InfiniteData<ListPage<Transaction>> {
  const known = old.pages.some(({ data }) => data.some(({ id }) => id === transaction.id));
  const pages = old.pages.map((page, index) => {
    if (known) return { ...page, data: page.data.map((row) => (row.id === transaction.id ? transaction : row)) };
    return index === 0 ? { ...page, data: [transaction, ...page.data] } : page;
  });
  return { ...old, pages };
}

const STATES: Record<LiveState, { color: string; text: string; tip: string }> = {
  off: { color: "gray", text: "Paused", tip: "New transactions are not shown until you switch it on." },
  connecting: { color: "yellow", text: "Connecting", tip: "The live list is being opened." },
  live: { color: "green", text: "Live", tip: "New transactions appear by themselves." },
  lost: {
    color: "red",
    text: "Reconnecting",
    tip: "The connection broke. It is retried automatically, and nothing is missed.",
  },
  asking: {
    color: "green",
    text: "Every few seconds",
    tip: "There is no live connection; the list is refreshed automatically.",
  },
};

function LiveSwitch({ on, state, onChange }: { on: boolean; state: LiveState; onChange: (on: boolean) => void }) {
  const { color, text, tip } = STATES[state];
  return (
    <Tooltip label={tip}>
      <Group gap="sm">
        <Indicator color={color} size={9} processing={state === "live"} position="middle-start" offset={4}>
          <Text size="sm" pl="sm" role="status" data-testid="live-state">
            {text}
          </Text>
        </Indicator>
        <Switch
          checked={on}
          onChange={(event) => onChange(event.currentTarget.checked)}
          aria-label="Show new transactions as they come"
        />
      </Group>
    </Tooltip>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  return (
    <Empty
      icon={<IconListDetails size={36} />}
      title={filtered ? "Nothing passes these filters" : "No transactions yet"}
    >
      {filtered
        ? "Take one away, or widen the time."
        : "They appear here as soon as the API is called. Create an API key, or record a video under Try it."}
    </Empty>
  );
}
