import { Button, Group, NativeSelect, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import { block, type BlockedKind, type NewBlocked } from "../../api/fraud";
import { sentence } from "../../api/client";
import { Dialog } from "../../parts/dialog";
import { done } from "../../parts/notify";
import { KIND, labelOf } from "./words";

/** What is to be blocked: what a call had; or, without a call, a value that is typed. */
export interface Blocking {
  kind: BlockedKind;
  label?: string;
  transaction?: string;
}

const TYPED: BlockedKind[] = ["address", "device", "document"];
const VALUE: Record<string, { label: string; description: string }> = {
  address: { label: "Address", description: "IPv4 or IPv6" },
  device: { label: "Device id", description: "As your app sends it in X-Device-Info" },
  document: { label: "Document number", description: "Stored as a keyed hash alone" },
};

interface Props {
  blocking: Blocking;
  project: string;
  onClose: () => void;
}

/** Asks what to block and why; stays open with the reason when it fails. */
export function BlockDialog({ blocking, project, onClose }: Props) {
  const client = useQueryClient();
  const [kind, setKind] = useState(blocking.kind);
  const [value, setValue] = useState("");
  const [country, setCountry] = useState("");
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const seen = blocking.transaction;
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (!seen && value.trim() === "") return setError(`${VALUE[kind]?.label ?? "A value"} is required`);
    setBusy(true);
    setError(null);
    const typed: Partial<NewBlocked> = kind === "document" ? { value, country } : { value };
    try {
      await block({ kind, note, ...(seen ? { transaction_id: seen } : typed) });
      for (const key of ["blocklist", "fraud", "links"]) void client.invalidateQueries({ queryKey: [key, project] });
      done("Blocked from now on");
      onClose();
    } catch (failure) {
      setError(sentence(failure));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog opened onClose={onClose} title={seen ? `Block ${KIND[kind].one.toLowerCase()}` : "Add to a block list"}>
      <form onSubmit={(event) => void send(event)} noValidate>
        <Stack>
          <Text size="sm">
            Later calls with it are marked as fraud and wait for review. What people enrolled and recorded stays as it
            is.
          </Text>
          {seen ? (
            <Text fw={600} className="any">
              {labelOf(kind, blocking.label ?? "")}
            </Text>
          ) : (
            <>
              <NativeSelect
                label="What"
                value={kind}
                onChange={(event) => setKind(event.currentTarget.value as BlockedKind)}
                data={TYPED.map((one) => ({ value: one, label: KIND[one].one }))}
              />
              {kind === "document" && (
                <TextInput
                  label="Issuing country"
                  description="Three letters, as SWE"
                  value={country}
                  onChange={(event) => setCountry(event.currentTarget.value)}
                />
              )}
              <TextInput
                {...VALUE[kind]}
                value={value}
                onChange={(event) => setValue(event.currentTarget.value)}
                autoComplete="off"
                data-autofocus
              />
            </>
          )}
          <Textarea
            label="Note"
            description="For your team; stored encrypted"
            maxLength={500}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          {error && (
            <Text c="var(--mantine-color-error)" size="sm" role="alert">
              {error}
            </Text>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button color="red" type="submit" loading={busy}>
              Block
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
