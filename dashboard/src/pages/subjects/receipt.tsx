import { Alert, Button, Code, FileButton, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconDownload, IconFileCheck, IconRosetteDiscountCheck, IconX } from "@tabler/icons-react";
import { useState } from "react";

import { publicKeys } from "../../api/subjects";
import { save } from "../../api/transactions";
import type { Receipt } from "../../api/types";
import { Note, Panel } from "../../parts/panel";
import { When } from "../../parts/time";
import { counted } from "../../parts/words";
import { asReceipt, CannotCheck, check } from "./genuine";

/** What was destroyed, with the signature checked in this browser. */
export function ReceiptCard({ receipt, title }: { receipt: Receipt; title: string }) {
  const download = () =>
    save(
      new Blob([JSON.stringify(receipt, null, 2)], { type: "application/json" }),
      `erasure-${receipt.receipt_id}.json`,
    );
  return (
    <Alert color="green" title={title} data-testid="receipt">
      <Stack gap="sm" align="flex-start">
        <Text size="sm">
          {receipt.destroyed.length === 0
            ? "Nothing was kept of this person."
            : `Destroyed: ${receipt.destroyed.map(({ count, kind }) => counted(count, kind)).join(", ")}.`}{" "}
          <When at={receipt.erased_at} />. The receipt holds no name.
        </Text>
        <Signature receipt={receipt} />
        <Button leftSection={<IconDownload size={16} aria-hidden />} onClick={download}>
          Download the signed receipt
        </Button>
      </Stack>
    </Alert>
  );
}

function Signature({ receipt }: { receipt: Receipt }) {
  const query = useQuery({
    queryKey: ["receipt", receipt.signature, receipt],
    queryFn: async () => check(receipt, await publicKeys()),
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

/** A receipt that was kept, checked again. */
export function CheckReceipt() {
  const [found, setFound] = useState<Receipt | null>(null);
  const [error, setError] = useState<string | null>(null);
  const read = async (file: File | null) => {
    const receipt = file && asReceipt(await file.text());
    setFound(receipt);
    setError(file && !receipt ? "This file is no receipt of an erasure." : null);
  };
  return (
    <Panel title="Check a receipt">
      <Stack gap="sm" align="flex-start">
        <Note>
          A receipt of an erasure is signed by this server. Choose one to see whether it is genuine; the file does not
          leave your browser.
        </Note>
        <FileButton
          accept="application/json,.json"
          onChange={(file) => void read(file)}
          inputProps={{ "aria-label": "Receipt" }}
        >
          {(props) => (
            <Button variant="default" leftSection={<IconFileCheck size={16} aria-hidden />} {...props}>
              Choose a receipt
            </Button>
          )}
        </FileButton>
        {error && (
          <Text c="var(--mantine-color-error)" size="sm" role="alert">
            {error}
          </Text>
        )}
        {found && <ReceiptCard receipt={found} title={`Receipt ${found.receipt_id}`} />}
      </Stack>
    </Panel>
  );
}
