import { Alert, Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";

import { invite } from "../../api/accounts";
import { useMe } from "../../api/session";
import type { Role } from "../../api/types";
import { useSubmit } from "../../parts/form";
import { Block } from "../../parts/secret";
import { ROLES } from "../../parts/words";

/** Makes an invitation. Its link is shown here, once: it is handed over by whoever invites, no mail is sent. */
export function Invite({ onClose, onInvited }: { onClose: () => void; onInvited: () => void }) {
  const me = useMe().user;
  const [link, setLink] = useState<string | null>(null);
  const form = useForm({
    initialValues: { email: "", role: "viewer" as Role },
    validate: { email: (email) => (/^\S+@\S+$/.test(email) ? null : "an email address, as name@example.org") },
  });
  const { submit, busy, error } = useSubmit(form, async ({ email, role }) => {
    setLink((await invite(email.trim(), role)).accept_url);
    onInvited();
  });
  const roles = (Object.keys(ROLES) as Role[]).filter((role) => role !== "owner" || me.role === "owner");
  const title = (
    <Text fw={600} component="span">
      {link ? "Hand over this link" : "Invite somebody"}
    </Text>
  );
  return (
    <Modal opened onClose={onClose} title={title} closeOnClickOutside={!link}>
      {link ? (
        <Stack>
          <Alert color="orange">
            It is shown this once, works once, and lets whoever has it join as{" "}
            {ROLES[form.values.role].name.toLowerCase()}. Send it to {form.values.email} in a way you trust.
          </Alert>
          <Block text={link} label="Copy the link" name="invitation link" />
          <Group justify="flex-end">
            <Button onClick={onClose}>Done</Button>
          </Group>
        </Stack>
      ) : (
        <form onSubmit={submit} noValidate>
          <Stack>
            {error && (
              <Alert color="red" role="alert">
                {error}
              </Alert>
            )}
            <TextInput label="Email" type="email" data-autofocus {...form.getInputProps("email")} />
            <NativeSelect
              label="Role"
              description={ROLES[form.values.role].may}
              data={roles.map((role) => ({ value: role, label: ROLES[role].name }))}
              {...form.getInputProps("role")}
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button type="submit" loading={busy}>
                Make the invitation
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
