import { Alert, Button, FileButton, Stack, Text } from "@mantine/core";
import { IconDownload, IconFileCheck } from "@tabler/icons-react";
import { useState } from "react";

import { save } from "../../api/transactions";
import type { Receipt } from "../../api/types";
import { asReceipt, check } from "../../parts/genuine";
import { Note, Panel } from "../../parts/panel";
import { Signature } from "../../parts/signature";
import { When } from "../../parts/time";
import { counted } from "../../parts/words";

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
        <Signature signed={receipt} check={(keys) => check(receipt, keys)} />
        <Button leftSection={<IconDownload size={16} aria-hidden />} onClick={download}>
          Download the signed receipt
        </Button>
      </Stack>
    </Alert>
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
