import { Checkbox, NativeSelect, NumberInput, SimpleGrid, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";

import type { KeyChange } from "../../api/projects";
import type { ApiKey } from "../../api/types";
import { useMe } from "../../api/session";
import { SCOPES, SELECTABLE, USUAL_SCOPES } from "../../parts/words";
import { fromLocal, toLocal } from "../transactions/filters";

/** What a key is made with and what is changed of it later, as the fields hold it. */
export type KeyValues = {
  name: string;
  selected_services: string[];
  scopes: string[];
  response_format: string;
  rate_limit_per_minute: number | "";
  expires_at: string;
};

export const valuesOf = (key?: ApiKey): KeyValues => ({
  name: key?.name ?? "",
  selected_services: key?.selected_services ?? SELECTABLE,
  scopes: key?.scopes ?? USUAL_SCOPES,
  response_format: key?.response_format ?? "",
  rate_limit_per_minute: key?.rate_limit_per_minute || "",
  expires_at: toLocal(key?.expires_at ?? undefined),
});

export const toChange = (values: KeyValues): KeyChange => ({
  ...values,
  name: values.name.trim(),
  rate_limit_per_minute: Number(values.rate_limit_per_minute),
  expires_at: fromLocal(values.expires_at) ?? null,
});

export const validate = {
  name: (name: string) =>
    name.trim().length >= 1 && name.length <= 200 ? null : "1 to 200 characters, such as where it is used",
  selected_services: (services: string[]) => (services.length > 0 ? null : "at least one service"),
  scopes: (scopes: string[]) => (scopes.length > 0 ? null : "at least one scope"),
  rate_limit_per_minute: (limit: number | "") =>
    limit === "" || (Number.isInteger(limit) && limit > 0) ? null : "a whole number from 1, or nothing",
  expires_at: (at: string) =>
    at === "" || new Date(at) > new Date() ? null : "a time to come, or nothing: the key works without an end",
};

export const useKeyForm = (key: ApiKey) => useForm<KeyValues>({ initialValues: valuesOf(key), validate });

interface Props {
  /** What binds an input to its form. */
  field: (name: keyof KeyValues) => object;
  /** The only scopes the key may have; without it all. */
  scopes?: string[] | undefined;
}

export function KeyFields({ field, scopes }: Props) {
  const { grantable_scopes: grantable } = useMe();
  return (
    <>
      <TextInput
        label="Name"
        description="Where it is used, such as “kiosk in Lisbon”"
        data-autofocus
        {...field("name")}
      />
      <Checkbox.Group label="Services" description="What calls with this key run" {...field("selected_services")}>
        <Stack gap={6} mt={6}>
          {SELECTABLE.map((service) => (
            <Checkbox key={service} value={service} label={service} />
          ))}
        </Stack>
      </Checkbox.Group>
      <Checkbox.Group
        label="Scopes"
        description="What the key may do; as little as it needs. Your role cannot give those that are disabled."
        {...field("scopes")}
      >
        <Stack gap={6} mt={6}>
          {Object.entries(SCOPES).map(([scope, may]) => (
            <Checkbox
              key={scope}
              value={scope}
              label={scope}
              description={may}
              disabled={!grantable.includes(scope) || scopes?.includes(scope) === false}
            />
          ))}
        </Stack>
      </Checkbox.Group>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <NumberInput
          label="Rate limit (per minute)"
          description="Empty: the project's limit"
          min={1}
          allowDecimal={false}
          clampBehavior="none"
          {...field("rate_limit_per_minute")}
        />
        <TextInput
          type="datetime-local"
          label="Expires (optional)"
          description="Empty: never"
          {...field("expires_at")}
        />
      </SimpleGrid>
      <NativeSelect
        label="Response format"
        description="The second one is for clients written to the vendor's SDK"
        data={[
          { value: "", label: "This API (code 200, score 0–100)" },
          { value: "sdk", label: "Vendor's SDK (code 0, score 0–1)" },
        ]}
        {...field("response_format")}
      />
    </>
  );
}
