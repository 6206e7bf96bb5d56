import { Alert, Button, type ButtonProps, Group, Stack } from "@mantine/core";
import type { UseFormReturnType } from "@mantine/form";
import { type ComponentType, type ReactNode, useState } from "react";

import { ApiError, sentence } from "../api/client";

interface Props<T extends Record<string, unknown>> {
  form: UseFormReturnType<T>;
  /** What it rejects with is shown: beside the field it names, anything else over the form. */
  send: (values: T) => Promise<void>;
  /** On the button. */
  action: ReactNode;
  /** The button itself, where a role may see the form but not send it. */
  button?: ComponentType<ButtonProps & { type?: "submit"; children?: ReactNode }>;
  color?: string;
  disabled?: boolean;
  /** In a dialog the buttons stand at its end; alone on a page one button is as wide as the fields. */
  at?: "dialog" | "card" | "alone";
  onCancel?: () => void;
  /** Beside the button: what else can be done with the same thing. */
  aside?: ReactNode;
  maw?: number;
  children: ReactNode;
}

/** Fields and the button that sends them. */
export function Form<T extends Record<string, unknown>>(props: Props<T>) {
  const {
    form,
    send,
    action,
    button: Send = Button,
    color,
    disabled,
    at = "card",
    onCancel,
    aside,
    maw,
    children,
  } = props;
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const submit = form.onSubmit(async (values) => {
    setBusy(true);
    setError(null);
    try {
      await send(values);
    } catch (failure) {
      const fields = failure instanceof ApiError ? fieldErrors(failure, values) : {};
      form.setErrors(fields);
      if (Object.keys(fields).length === 0) setError(sentence(failure));
    } finally {
      setBusy(false);
    }
  });
  const cancel = onCancel && (
    <Button variant="default" onClick={onCancel}>
      Cancel
    </Button>
  );
  return (
    <form onSubmit={submit} noValidate>
      <Stack maw={maw}>
        {error && <Refused>{error}</Refused>}
        {children}
        <Group justify={at === "dialog" ? "flex-end" : "flex-start"}>
          {at === "dialog" && cancel}
          <Send type="submit" loading={busy} color={color} disabled={disabled} fullWidth={at === "alone"}>
            {action}
          </Send>
          {at !== "dialog" && cancel}
          {aside}
        </Group>
      </Stack>
    </form>
  );
}

/** Why what was sent was not done. */
export const Refused = ({ children }: { children: ReactNode }) => (
  <Alert color="red" role="alert">
    {children}
  </Alert>
);

/** What was said of which field: by name, or in a sentence that begins with one, such as `url must be public`. */
function fieldErrors({ fields, message }: ApiError, values: Record<string, unknown>): Record<string, string> {
  const known = Object.entries(fields).filter(([name]) => name in values);
  const first = /^\w+/.exec(message)?.[0] ?? "";
  if (known.length === 0 && first in values) return { [first]: message };
  return Object.fromEntries(known);
}

/** The eye in a password field, for a keyboard and a screen reader too. */
export const REVEAL = { "aria-label": "Show the password", tabIndex: 0 };
