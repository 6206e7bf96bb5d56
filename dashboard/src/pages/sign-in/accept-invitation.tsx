import { Alert, PasswordInput, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";

import { post } from "../../api/client";
import { useSignedIn } from "../../api/session";
import { Form, REVEAL } from "../../parts/form";
import { Frame } from "./frame";

/** The token comes behind `#`, so that no server's log has it. It is taken out of the address at once, so that it stays in no history. */
function useToken(): string {
  const [token] = useState(() => location.hash.slice(1));
  useEffect(() => history.replaceState(null, "", location.pathname), []);
  return token;
}

export default function AcceptInvitation() {
  const token = useToken();
  const [, navigate] = useLocation();
  const signedIn = useSignedIn();
  const form = useForm({
    initialValues: { name: "", password: "", again: "" },
    validate: {
      password: (password) => (password.length >= 12 ? null : "at least 12 characters"),
      again: (again, { password }) => (again === password ? null : "not the same as above"),
    },
  });
  const join = async ({ name, password }: typeof form.values) => {
    await post("/api-auth/invitations/accept", { token, name: name.trim(), password });
    await signedIn();
    navigate("/", { replace: true });
  };
  if (!token) {
    return (
      <Frame title="This link is not whole">
        <Alert color="orange">
          The invitation is missing from the address. Copy the whole link, or ask for another one.
        </Alert>
      </Frame>
    );
  }
  return (
    <Frame title="Welcome to Biometry" about="Choose a name and a password to set up your account.">
      <Form form={form} send={join} action="Create account" at="alone">
        <TextInput
          label="Your name"
          description="Shown to your team; not needed if you had an account before"
          autoComplete="name"
          autoFocus
          {...form.getInputProps("name")}
        />
        <PasswordInput
          label="Password"
          description="At least 12 characters; a few words are easy to keep"
          autoComplete="new-password"
          visibilityToggleButtonProps={REVEAL}
          {...form.getInputProps("password")}
        />
        <PasswordInput
          label="Password again"
          autoComplete="new-password"
          visibilityToggleButtonProps={REVEAL}
          {...form.getInputProps("again")}
        />
      </Form>
    </Frame>
  );
}
