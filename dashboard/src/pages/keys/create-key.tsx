import { NativeSelect } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";

import { createKey } from "../../api/projects";
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
  const [made, setMade] = useState<string | null>(null);
  const form = useForm({ initialValues: { ...valuesOf(), scores_id: "" }, validate });
  const make = async ({ scores_id, ...values }: typeof form.values) => {
    setMade(await createKey({ ...toChange(values), scores_id: scores_id || null }));
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
      </Form>
    </Dialog>
  );
}
