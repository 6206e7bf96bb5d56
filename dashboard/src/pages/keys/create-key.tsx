import { Checkbox, NativeSelect, Stack, Switch, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";

import { MAY } from "../../api/permissions";
import { createKey } from "../../api/projects";
import { useCan } from "../../api/session";
import type { RuleSet } from "../../api/types";
import { Dialog } from "../../parts/dialog";
import { Form } from "../../parts/form";
import { SecretDialog } from "../../parts/secret-dialog";
import { SELECTABLE } from "../../parts/words";

interface Props {
  rules: RuleSet[];
  onClose: () => void;
  onCreated: () => void;
}

/** The form of a new key, and then the key, once. */
export function CreateKey({ rules, onClose, onCreated }: Props) {
  const mayMint = useCan()(MAY.mint);
  const [made, setMade] = useState<string | null>(null);
  const form = useForm({
    initialValues: { name: "", selected_services: SELECTABLE, scores_id: "", response_format: "", can_mint: false },
    validate: {
      name: (name) =>
        name.trim().length >= 1 && name.length <= 200 ? null : "1 to 200 characters, such as where it is used",
      selected_services: (services) => (services.length > 0 ? null : "at least one service"),
    },
  });
  const make = async ({ scores_id, ...values }: typeof form.values) => {
    setMade(await createKey({ ...values, name: values.name.trim(), scores_id: scores_id || null }));
    onCreated();
  };
  if (made) {
    const curl = `curl -X POST ${location.origin}/api-gateway/sessions/start \\\n  -H "Authorization: Bearer ${made}"`;
    return <SecretDialog title="Your new key" what="key" secret={made} example={curl} onDone={onClose} />;
  }
  return (
    <Dialog onClose={onClose} title="New API key" size="lg">
      <Form form={form} send={make} action="Create the key" at="dialog" onCancel={onClose}>
        <TextInput
          label="Name"
          description="Where it is used, such as “kiosk in Lisbon”"
          data-autofocus
          {...form.getInputProps("name")}
        />
        <Checkbox.Group
          label="Services"
          description="What calls with this key run"
          {...form.getInputProps("selected_services")}
        >
          <Stack gap={6} mt={6}>
            {SELECTABLE.map((service) => (
              <Checkbox key={service} value={service} label={service} />
            ))}
          </Stack>
        </Checkbox.Group>
        <NativeSelect
          label="Scoring rules"
          data={[
            { value: "", label: "The project's" },
            ...rules.map(({ scores_id, name }) => ({ value: scores_id, label: name })),
          ]}
          {...form.getInputProps("scores_id")}
        />
        <NativeSelect
          label="Response format"
          description="The second one is for clients written to the vendor's SDK"
          data={[
            { value: "", label: "This API (code 200, score 0–100)" },
            { value: "sdk", label: "Vendor's SDK (code 0, score 0–1)" },
          ]}
          {...form.getInputProps("response_format")}
        />
        <Switch
          label="May administer the project"
          description={
            mayMint
              ? "Makes and revokes keys, changes rules, erases subjects. Leave it off for keys in the field."
              : "Your role may not make such keys; ask an admin."
          }
          disabled={!mayMint}
          {...form.getInputProps("can_mint", { type: "checkbox" })}
        />
      </Form>
    </Dialog>
  );
}
