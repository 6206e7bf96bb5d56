import { Alert, Button, Loader, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconDownload } from "@tabler/icons-react";
import { useState } from "react";

import { type Deletion, deletion } from "../../api/accounts";
import { save } from "../../api/transactions";
import { checkWords } from "../../parts/genuine";
import { Failure } from "../../parts/page";
import { Note } from "../../parts/panel";
import { Block } from "../../parts/secret";
import { Signature } from "../../parts/signature";
import { When } from "../../parts/time";
import { counted } from "../../parts/words";
import { Frame } from "./frame";

const POLL_MS = 2000;

/** Shows the progress of the deletion of an organisation to a person with the link, and the receipt at the end. */
export default function DeletionPage() {
  const [id] = useState(() => location.hash.slice(1));
  const query = useQuery({
    queryKey: ["deletion", id],
    queryFn: () => deletion(id),
    refetchInterval: ({ state }) => (state.data?.status === "deleted" ? false : POLL_MS),
  });
  if (query.data === undefined)
    return (
      <Frame title="The end of an organisation">
        {query.isError ? <Failure error={query.error} /> : <Loader size="sm" role="status" aria-label="Loading" />}
      </Frame>
    );
  const { data } = query;
  return (
    <Frame title={data.status === "deleted" ? "The organisation is deleted" : "The organisation is being deleted"}>
      <Stack gap="sm" role="status">
        {data.status === "deleting" ? (
          <Group wrap="nowrap" align="flex-start">
            <Loader size="sm" />
            <Text size="sm">
              Everything it kept is being destroyed since <When at={data.begun_at} />. This goes on if you leave the
              page.
            </Text>
          </Group>
        ) : (
          <Done data={data} />
        )}
      </Stack>
      <Alert color="orange" title="Keep this link">
        Nobody can sign in any more. Anyone with the link can read the receipt.
      </Alert>
      <Block text={location.href} label="Copy the link" name="deletion link" />
    </Frame>
  );
}

function Done({ data }: { data: Deletion }) {
  const { id, status: _, signature, ...rest } = data;
  const download = () =>
    save(new Blob([JSON.stringify(data, null, 2)], { type: "application/json" }), `deletion-${id}.json`);
  return (
    <>
      <Text size="sm">
        Destroyed: {counted(data.projects, "project")}
        {data.destroyed.map(({ count, kind }) => `, ${counted(count, kind)}`)}. Done <When at={data.deleted_at} />, and
        every service was asked afterwards whether anything is left.
      </Text>
      {signature ? (
        <Signature
          signed={data}
          check={(keys) =>
            checkWords(signature, "deletion-receipt+jwt", { receipt_id: id, ...rest, verified: true }, keys)
          }
        />
      ) : (
        <Note>The receipt is not signed yet.</Note>
      )}
      <Button leftSection={<IconDownload size={16} aria-hidden />} onClick={download}>
        Download the signed receipt
      </Button>
    </>
  );
}
