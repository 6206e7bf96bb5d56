import { Checkbox, Group, NativeSelect, Radio, Stack, Textarea, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { listKeys } from "../../api/projects";
import type { Webhook } from "../../api/types";
import { changeWebhook, createWebhook } from "../../api/webhooks";
import { Dialog } from "../../parts/dialog";
import { Form } from "../../parts/form";
import { done } from "../../parts/notify";
import { SecretDialog } from "../../parts/secret-dialog";
import { EVENTS } from "../../parts/words";

interface Props {
  /** The one to change; absent: a new one. */
  webhook?: Webhook;
  onClose: () => void;
  onChanged: () => void;
}

/** Where to send which events. A new endpoint ends with its secret, once. */
export function EndpointForm({ webhook, onClose, onChanged }: Props) {
  const [secret, setSecret] = useState<string | null>(null);
  const keys = useQuery({
    queryKey: ["keys-of-webhook"],
    queryFn: () => listKeys(""),
    enabled: !webhook,
    retry: false,
  });
  const some = webhook?.events.filter((event) => event !== "*") ?? [];
  const form = useForm({
    initialValues: {
      url: webhook?.url ?? "",
      api_key_id: "",
      which: some.length > 0 ? "some" : "all",
      events: some,
      headers: Object.entries(webhook?.headers ?? {})
        .map(([name, value]) => `${name}: ${value}`)
        .join("\n"),
    },
    validate: {
      url: (url) => (/^https?:\/\/\S+$/.test(url.trim()) ? null : "an address that begins with https://"),
      api_key_id: (key) => (webhook || key ? null : "choose an API key"),
      events: (events, { which }) => (which === "all" || events.length > 0 ? null : "at least one"),
      headers: (text) =>
        lines(text).every((line) => /^[\w-]+\s*:/.test(line)) ? null : "one on a line, as name: value",
    },
  });
  const keep = async ({ url, which, events, headers, api_key_id }: typeof form.values) => {
    const asked = { url: url.trim(), events: which === "all" ? [] : events, headers: parse(headers) };
    if (webhook) {
      await changeWebhook(webhook.id, asked);
      done("The endpoint is changed");
      onClose();
    } else {
      const made = await createWebhook({ ...asked, api_key_id });
      setSecret(made.secret);
    }
    onChanged();
  };
  if (secret) return <SecretDialog title="The signing secret" what="secret" secret={secret} onDone={onClose} />;
  const active = keys.data?.data.filter(({ state }) => state === "active") ?? [];
  return (
    <Dialog onClose={onClose} title={webhook ? "Change the endpoint" : "New endpoint"} size="lg">
      <Form form={form} send={keep} action={webhook ? "Save" : "Create the endpoint"} at="dialog" onCancel={onClose}>
        <TextInput
          label="Address"
          placeholder="https://hooks.example.org/biometry"
          description="Public and with https; checked again at every delivery"
          data-autofocus
          {...form.getInputProps("url")}
        />
        {!webhook && (
          <NativeSelect
            label="API key"
            data={[{ value: "", label: "Choose a key" }, ...active.map(({ id, name }) => ({ value: id, label: name }))]}
            {...form.getInputProps("api_key_id")}
          />
        )}
        <Radio.Group label="Events" {...form.getInputProps("which")}>
          <Group mt={4}>
            <Radio value="all" label="All events, including future ones" />
            <Radio value="some" label="Only these" />
          </Group>
        </Radio.Group>
        {form.values.which === "some" && (
          <Checkbox.Group aria-label="Events" {...form.getInputProps("events")}>
            <Stack gap={6}>
              {EVENTS.map((event) => (
                <Checkbox key={event} value={event} label={event} />
              ))}
            </Stack>
          </Checkbox.Group>
        )}
        <Textarea
          label="Custom headers"
          description={webhook ? "One on a line, as name: value; *** keeps the value" : "One on a line, as name: value"}
          autosize
          minRows={2}
          spellCheck={false}
          {...form.getInputProps("headers")}
        />
      </Form>
    </Dialog>
  );
}

const lines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);

const parse = (text: string) =>
  Object.fromEntries(
    lines(text).map((line) => [line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim()]),
  );
