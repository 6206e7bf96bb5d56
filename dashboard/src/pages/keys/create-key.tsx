import { NativeSelect, Switch } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";

import { MAY } from "../../api/permissions";
import { createKey } from "../../api/projects";
import { useCan } from "../../api/session";
import type { RuleSet } from "../../api/types";
import { Dialog } from "../../parts/dialog";
import { Form } from "../../parts/form";
import { SecretDialog } from "../../parts/secret-dialog";
import { KeyFields, toChange, validate, valuesOf } from "./key-fields";

interface Props {
  rules: RuleSet[];
  onClose: () => void;
  onCreated: () => void;
}

/** The form of a new key, and then the key, once. */
export function CreateKey({ rules, onClose, onCreated }: Props) {
  const mayMint = useCan()(MAY.mint);
  const [made, setMade] = useState<string | null>(null);
  const form = useForm({ initialValues: { ...valuesOf(), scores_id: "", can_mint: false }, validate });
  const make = async ({ scores_id, can_mint, ...values }: typeof form.values) => {
    setMade(await createKey({ ...toChange(values), can_mint, scores_id: scores_id || null }));
    onCreated();
  };
  if (made) {
    const curl = `curl -X POST ${location.origin}/api-gateway/sessions/start \\\n  -H "Authorization: Bearer ${made}"`;
    return <SecretDialog title="Your new key" what="key" secret={made} example={curl} onDone={onClose} />;
  }
  return (
    <Dialog onClose={onClose} title="New API key" size="lg">
      <Form form={form} send={make} action="Create the key" at="dialog" onCancel={onClose}>
        <KeyFields field={form.getInputProps} />
        <NativeSelect
          label="Scoring rules"
          data={[
            { value: "", label: "The project's" },
            ...rules.map(({ scores_id, name }) => ({ value: scores_id, label: name })),
          ]}
          {...form.getInputProps("scores_id")}
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
