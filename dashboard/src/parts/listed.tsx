import { Button, Group } from "@mantine/core";
import type { InfiniteData } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { Failure, Waiting } from "./page";

interface Query<P> {
  data: InfiniteData<P> | undefined;
  isPending: boolean;
  isError: boolean;
  error: unknown;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
}

interface Props<P, R> {
  query: Query<P>;
  rows: (page: P) => R[];
  /** On the button that reads the next page. */
  more: string;
  children: (rows: R[]) => ReactNode;
}

/** A list that is read page by page: a placeholder, its failure, or its rows so far with the way to the rest. */
export function Listed<P, R>({ query, rows, more, children }: Props<P, R>) {
  if (query.isPending) return <Waiting />;
  if (query.data === undefined) return <Failure error={query.error} again={() => void query.refetch()} />;
  return (
    <>
      {children(query.data.pages.flatMap(rows))}
      {query.hasNextPage && (
        <Group justify="center">
          <Button variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            {more}
          </Button>
        </Group>
      )}
    </>
  );
}
