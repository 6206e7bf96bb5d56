import { Alert, Anchor, Code, PasswordInput, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useEffect, useState } from "react";

import { ApiError, post } from "../../api/client";
import { session } from "../../api/queries";
import { useSignedIn } from "../../api/session";
import { Form, REVEAL } from "../../parts/form";
import { Frame } from "./frame";
import { SecondFactor } from "./second-factor";

interface Answer {
  status: "signed_in" | "second_factor";
}

/** Email and password, then the second factor where there is one. The address stays, so one lands where one wanted to. */
export default function SignIn() {
  const [step, setStep] = useState<"password" | "second_factor">("password");
  const [hint, setHint] = useState(false);
  const [wait, setWait] = useState(0);
  const signedIn = useSignedIn();
  const form = useForm({
    initialValues: { email: "", password: "" },
    validate: {
      email: (email) => (/^\S+@\S+$/.test(email) ? null : "an email address, as name@example.org"),
      password: (password) => (password ? null : "your password"),
    },
  });
  const send = async (values: typeof form.values) => {
    try {
      const { status } = await post<Answer>("/api-auth/sign-in", values);
      if (status === "second_factor") setStep("second_factor");
      else await signedIn();
    } catch (failure) {
      if (failure instanceof ApiError && failure.status === 429) setWait(failure.retryAfter ?? 30);
      throw failure;
    }
  };
  useEffect(() => {
    if (wait <= 0) return;
    const tick = setTimeout(() => setWait(wait - 1), 1000);
    return () => clearTimeout(tick);
  }, [wait]);

  if (step === "second_factor") return <SecondFactor onBack={() => setStep("password")} />;
  return (
    <Frame title="Sign in">
      {session.hasEnded && (
        <Alert color="gray" title="Your session has ended">
          Sign in to go on where you were.
        </Alert>
      )}
      <Form form={form} send={send} action={wait > 0 ? `Wait ${wait} s` : "Sign in"} disabled={wait > 0} at="alone">
        <TextInput
          label="Email"
          type="email"
          autoComplete="username"
          autoFocus
          required
          withAsterisk={false}
          {...form.getInputProps("email")}
        />
        <PasswordInput
          label="Password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          visibilityToggleButtonProps={REVEAL}
          {...form.getInputProps("password")}
        />
      </Form>
      <Anchor component="button" type="button" size="sm" ta="left" onClick={() => setHint(!hint)} aria-expanded={hint}>
        First time here?
      </Anchor>
      {hint && (
        <Text size="sm" c="dimmed" component="div">
          If you were invited, open the link you were given. If you have just installed Biometry, make the first account
          on the server; it prints a link to choose a password with:
          <Code block mt="xs">
            biometry owner --email you@example.org
          </Code>
        </Text>
      )}
    </Frame>
  );
}
