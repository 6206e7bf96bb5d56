import { Alert, Anchor, Button, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";

import { post } from "../../api/client";
import { useSignedIn } from "../../api/session";
import { useSubmit } from "../../parts/form";
import { Frame } from "./frame";

export function SecondFactor({ onBack }: { onBack: () => void }) {
  const [recovery, setRecovery] = useState(false);
  const signedIn = useSignedIn();
  const form = useForm({
    initialValues: { code: "" },
    validate: {
      code: (code) => (recovery || /^\d{6}$/.test(code.replaceAll(" ", "")) ? null : "the six digits of your app"),
    },
  });
  const { submit, busy, error } = useSubmit(form, async ({ code }) => {
    await post("/api-auth/second-factor", { code: code.replaceAll(" ", "") });
    await signedIn();
  });
  const about = recovery
    ? "Type one of the recovery codes you kept. It works once."
    : "Type the code that your authenticator app shows now.";
  return (
    <Frame title="Second step" about={about}>
      <form onSubmit={submit} noValidate>
        <Stack>
          {error && (
            <Alert color="red" role="alert">
              {error}
            </Alert>
          )}
          <TextInput
            key={recovery ? "recovery" : "totp"}
            label={recovery ? "Recovery code" : "Code"}
            inputMode={recovery ? "text" : "numeric"}
            autoComplete="one-time-code"
            autoFocus
            {...form.getInputProps("code")}
          />
          <Button type="submit" loading={busy} fullWidth>
            Continue
          </Button>
        </Stack>
      </form>
      <Anchor component="button" type="button" size="sm" ta="left" onClick={() => setRecovery(!recovery)}>
        {recovery ? "Use the authenticator app" : "Use a recovery code"}
      </Anchor>
      <Anchor component="button" type="button" size="sm" ta="left" onClick={onBack}>
        Back to the password
      </Anchor>
    </Frame>
  );
}
