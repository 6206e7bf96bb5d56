import { Code, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconRosetteDiscountCheck, IconX } from "@tabler/icons-react";

import { type PublicKey, publicKeys } from "../api/subjects";
import { CannotCheck, type Genuine } from "./genuine";
import { Note } from "./panel";

interface Props {
  /** What is checked; another one is checked anew. */
  signed: unknown;
  check: (keys: PublicKey[]) => Promise<Genuine>;
}

/** Whether a signature of the server is genuine, checked in this browser. */
export function Signature({ signed, check }: Props) {
  const query = useQuery({
    queryKey: ["signature", signed],
    queryFn: async () => check(await publicKeys()),
    retry: false,
    staleTime: Infinity,
  });
  if (query.isPending) return <Note>The signature is being checked.</Note>;
  if (query.error)
    return (
      <Text size="sm">
        {query.error instanceof CannotCheck ? query.error.message : "The server's keys could not be read."} Check it on
        the server with <Code>biometry erasure verify --receipt …</Code>.
      </Text>
    );
  const { data } = query;
  return (
    <Group gap={6} wrap="nowrap" role="status" data-testid="signature" align="flex-start">
      {data.genuine ? (
        <IconRosetteDiscountCheck size={18} color="var(--pass)" aria-hidden style={{ flex: "none" }} />
      ) : (
        <IconX size={18} color="var(--fail)" aria-hidden style={{ flex: "none" }} />
      )}
      <Text size="sm" className="any">
        {data.genuine
          ? `The signature is genuine: checked in this browser with the server's published key ${data.kid}.`
          : `Not genuine: ${data.why}.`}
      </Text>
    </Group>
  );
}
