import { Alert, Button, Center, Group, Loader, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { UseQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef } from "react";
import { Link } from "wouter";

import { ApiError, sentence, Unreachable } from "../api/client";

interface Props {
  title: string;
  /** One sentence on what the page is for. */
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

/** Whether a page was shown before this one. */
let moved = false;

export function Page({ title, about, actions, children }: Props) {
  useDocumentTitle(`${title} · Biometry`);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    // Screen readers and keyboards begin where the new page begins, as after a real load.
    if (moved) heading.current?.focus({ preventScroll: true });
    moved = true;
  }, []);
  return (
    <Stack gap="lg">
      <Group justify="space-between" align="flex-start" gap="sm">
        <div style={{ minWidth: 0 }}>
          <Title ref={heading} order={1} size="h2" tabIndex={-1} id="page-title" className="any">
            {title}
          </Title>
          {about && (
            <Text c="dimmed" size="sm" maw={720} mt={2}>
              {about}
            </Text>
          )}
        </div>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}

/** What a query came to: a placeholder, its failure with a way to repeat it, or its data. */
export function Loaded<T>({
  query,
  children,
  lines = 4,
}: {
  query: UseQueryResult<T>;
  children: (data: T) => ReactNode;
  lines?: number;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isError) return <Failure error={query.error} again={() => void query.refetch()} />;
  return (
    <Stack gap="sm" aria-busy="true" aria-label="Loading" role="status">
      {Array.from({ length: lines }, (_, index) => (
        <Skeleton key={index} height={36} />
      ))}
    </Stack>
  );
}

/** A page of one thing: until it is read, and where it cannot be, one of its own that leads back to the list. */
export function LoadedPage<T>({
  query,
  title,
  list,
  children,
}: {
  query: UseQueryResult<T>;
  title: string;
  list: { name: string; href: string };
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  return (
    <Page title={title} about={<Link href={list.href}>{list.name}</Link>}>
      <Loaded query={query} lines={8}>
        {children}
      </Loaded>
    </Page>
  );
}

export function Failure({ error, again }: { error: unknown; again?: () => void }) {
  const status = error instanceof ApiError ? error.status : 0;
  const title =
    status === 403
      ? "Your role may not see this"
      : status === 404
        ? "Not found"
        : error instanceof Unreachable
          ? "No connection"
          : "This could not be loaded";
  return (
    <Alert color={status === 403 || status === 404 ? "gray" : "red"} title={title}>
      <Stack gap="sm" align="flex-start">
        <Text size="sm">{sentence(error)}</Text>
        {again && status !== 403 && status !== 404 && (
          <Button size="xs" variant="default" onClick={again}>
            Try again
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** Where there is nothing yet: what would be here, and how it comes. */
export function Empty({ icon, title, children }: { icon?: ReactNode; title: string; children?: ReactNode }) {
  return (
    <Center p="xl">
      <Stack align="center" gap="xs" maw={460} ta="center">
        {icon && (
          <Text c="dimmed" component="span" aria-hidden>
            {icon}
          </Text>
        )}
        <Text fw={600}>{title}</Text>
        {children && (
          <Text component="div" size="sm" c="dimmed">
            {children}
          </Text>
        )}
      </Stack>
    </Center>
  );
}

export const Waiting = () => (
  <Center mih="60vh">
    <Loader aria-label="Loading" role="status" />
  </Center>
);
