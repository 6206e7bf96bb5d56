import { NativeSelect } from "@mantine/core";
import { useForm } from "@mantine/form";
import { lazy, Suspense, useState } from "react";

import { createKey, type NewKey } from "../../api/projects";
import type { RuleSet } from "../../api/types";
import { Dialog } from "../../parts/dialog";
import { Form } from "../../parts/form";
import { SecretDialog } from "../../parts/secret-dialog";
import { KeyFields, toChange, validate, valuesOf } from "./key-fields";

const Snippets = lazy(() => import("./snippets"));

/** What the server lets a test key have. */
const TEST_SCOPES = ["capture", "consent.write", "webhooks.write"];

interface Props {
  rules: RuleSet[];
  onClose: () => void;
  onCreated: () => void;
}

/** The form of a new key, and then the key, once. */
export function CreateKey({ rules, onClose, onCreated }: Props) {
  const [made, setMade] = useState<string | null>(null);
  const form = useForm({ initialValues: { ...valuesOf(), scores_id: "", mode: "live" as NewKey["mode"] }, validate });
  const make = async ({ scores_id, mode, ...values }: typeof form.values) => {
    setMade(await createKey({ ...toChange(values), scores_id: scores_id || null, mode }));
    onCreated();
  };
  if (made) {
    return (
      <SecretDialog title="Your new key" what="key" secret={made} onDone={onClose}>
        <Suspense fallback={null}>
          <Snippets secret={made} />
        </Suspense>
      </SecretDialog>
    );
  }
  return (
    <Dialog onClose={onClose} title="New API key" size="lg">
      <Form form={form} send={make} action="Create the key" at="dialog" onCancel={onClose}>
        <NativeSelect
          label="Mode"
          description="A test key calls no models: the user's name chooses the answer, and nothing counts as live"
          data={[
            { value: "live", label: "Live" },
            { value: "test", label: "Test" },
          ]}
          {...form.getInputProps("mode")}
        />
        <KeyFields field={form.getInputProps} scopes={form.values.mode === "test" ? TEST_SCOPES : undefined} />
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
