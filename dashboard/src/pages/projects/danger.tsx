import { Alert, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";

import { deleteOrganisation } from "../../api/accounts";
import { MAY } from "../../api/permissions";
import { useMe } from "../../api/session";
import { AllowedButton } from "../../parts/allowed";
import { Dialog } from "../../parts/dialog";
import { Form, REVEAL } from "../../parts/form";
import { Note, Panel } from "../../parts/panel";

/** The end of the organisation. */
export function Danger() {
  const { organisation } = useMe();
  const [asking, setAsking] = useState(false);
  return (
    <Panel title="Delete the organisation">
      <Stack gap="sm" align="flex-start">
        <Note>
          Everything of {organisation.name} is destroyed: people, projects, keys, rules, records, templates and samples.
          You get a signed receipt. Nobody can undo this.
        </Note>
        <AllowedButton needs={MAY.deleteOrganisation} color="red" variant="light" onClick={() => setAsking(true)}>
          Delete {organisation.name}
        </AllowedButton>
      </Stack>
      {asking && <DeletionDialog onClose={() => setAsking(false)} />}
    </Panel>
  );
}

function DeletionDialog({ onClose }: { onClose: () => void }) {
  const { organisation, user } = useMe();
  const form = useForm({
    initialValues: { name: "", password: "", code: "" },
    validate: {
      name: (name) => (name === organisation.name ? null : "the name as it stands above"),
      password: (password) => (password ? null : "your password"),
      code: (code) => (!user.totp_enabled || code.trim() ? null : "a code of the app, or a recovery code"),
    },
  });
  const send = async ({ code, ...values }: typeof form.values) => {
    const { id } = await deleteOrganisation({ ...values, code: code.trim() });
    // A page of its own, loaded anew: nothing of what was shown until now is there any more. Behind `#` no log has the id.
    location.assign(`/dashboard/deletion#${id}`);
  };
  return (
    <Dialog onClose={onClose} title="Delete the organisation">
      <Form form={form} send={send} action="Delete everything" color="red" at="dialog" onCancel={onClose}>
        <Alert color="red">
          From this moment every session, key and link is refused. Stored data are deleted within minutes.
        </Alert>
        <TextInput
          label={
            <>
              Type <b className="any">{organisation.name}</b> to confirm
            </>
          }
          autoComplete="off"
          data-autofocus
          {...form.getInputProps("name")}
        />
        <PasswordInput
          label="Your password"
          autoComplete="current-password"
          visibilityToggleButtonProps={REVEAL}
          {...form.getInputProps("password")}
        />
        {user.totp_enabled && <TextInput label="Code" autoComplete="one-time-code" {...form.getInputProps("code")} />}
        <Text size="sm" c="dimmed">
          Export what you have to keep before: transactions, consents and receipts.
        </Text>
      </Form>
    </Dialog>
  );
}
