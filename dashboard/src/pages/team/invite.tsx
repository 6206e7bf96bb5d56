import { Alert, Button, Group, NativeSelect, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";

import { invite } from "../../api/accounts";
import { useMe } from "../../api/session";
import type { Role } from "../../api/types";
import { Dialog } from "../../parts/dialog";
import { Form } from "../../parts/form";
import { Block } from "../../parts/secret";
import { ROLES } from "../../parts/words";

/** Makes an invitation. Its link is shown here, once: the inviting person passes it on; no mail is sent. */
export function Invite({ onClose, onInvited }: { onClose: () => void; onInvited: () => void }) {
  const me = useMe().user;
  const [link, setLink] = useState<string | null>(null);
  const form = useForm({
    initialValues: { email: "", role: "viewer" as Role },
    validate: { email: (email) => (/^\S+@\S+$/.test(email) ? null : "an email address, as name@example.org") },
  });
  const make = async ({ email, role }: typeof form.values) => {
    setLink((await invite(email.trim(), role)).accept_url);
    onInvited();
  };
  const roles = (Object.keys(ROLES) as Role[]).filter((role) => role !== "owner" || me.role === "owner");
  return (
    <Dialog onClose={onClose} title={link ? "Hand over this link" : "Invite somebody"} closeOnClickOutside={!link}>
      {link ? (
        <Stack>
          <Alert color="orange">
            It is shown this once, works once, and lets anyone with it join as{" "}
            {ROLES[form.values.role].name.toLowerCase()}. Send it to {form.values.email} in a way you trust.
          </Alert>
          <Block text={link} label="Copy the link" name="invitation link" />
          <Group justify="flex-end">
            <Button onClick={onClose}>Done</Button>
          </Group>
        </Stack>
      ) : (
        <Form form={form} send={make} action="Create the invitation" at="dialog" onCancel={onClose}>
          <TextInput label="Email" type="email" data-autofocus {...form.getInputProps("email")} />
          <NativeSelect
            label="Role"
            description={ROLES[form.values.role].may}
            data={roles.map((role) => ({ value: role, label: ROLES[role].name }))}
            {...form.getInputProps("role")}
          />
        </Form>
      )}
    </Dialog>
  );
}
