import type { UseFormReturnType } from "@mantine/form";
import { useState } from "react";

import { ApiError, sentence } from "../api/client";

/** Sends a form; what the server says of a field is shown beside it, anything else over the form. */
export function useSubmit<T extends Record<string, unknown>>(
  form: UseFormReturnType<T>,
  send: (values: T) => Promise<void>,
) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const submit = form.onSubmit(async (values) => {
    setBusy(true);
    setError(null);
    try {
      await send(values);
    } catch (failure) {
      const fields = failure instanceof ApiError ? told(failure, values) : {};
      form.setErrors(fields);
      if (Object.keys(fields).length === 0) setError(sentence(failure));
    } finally {
      setBusy(false);
    }
  });
  return { submit, busy, error, setError };
}

/** What was said of which field: by name, or in a sentence that begins with one, such as `url must be public`. */
function told({ fields, message }: ApiError, values: Record<string, unknown>): Record<string, string> {
  const known = Object.entries(fields).filter(([name]) => name in values);
  const first = /^\w+/.exec(message)?.[0] ?? "";
  if (known.length === 0 && first in values) return { [first]: message };
  return Object.fromEntries(known);
}

/** The eye in a password field, for a keyboard and a screen reader too. */
export const REVEAL = { "aria-label": "Show the password", tabIndex: 0 };
