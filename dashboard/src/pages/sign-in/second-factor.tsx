import { Anchor, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";

import { post } from "../../api/client";
import { useSignedIn } from "../../api/session";
import { Form } from "../../parts/form";
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
  const send = async ({ code }: typeof form.values) => {
    await post("/api-auth/second-factor", { code: code.replaceAll(" ", "") });
    await signedIn();
  };
  const about = recovery
    ? "Type one of the recovery codes you kept. It works once."
    : "Type the code that your authenticator app shows now.";
  return (
    <Frame title="Second step" about={about}>
      <Form form={form} send={send} action="Continue" at="alone">
        <TextInput
          key={recovery ? "recovery" : "totp"}
          label={recovery ? "Recovery code" : "Code"}
          inputMode={recovery ? "text" : "numeric"}
          autoComplete="one-time-code"
          autoFocus
          {...form.getInputProps("code")}
        />
      </Form>
      <Anchor component="button" type="button" size="sm" ta="left" onClick={() => setRecovery(!recovery)}>
        {recovery ? "Use the authenticator app" : "Use a recovery code"}
      </Anchor>
      <Anchor component="button" type="button" size="sm" ta="left" onClick={onBack}>
        Back to the password
      </Anchor>
    </Frame>
  );
}
