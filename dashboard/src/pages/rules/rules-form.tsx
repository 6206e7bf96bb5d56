import {
  Accordion,
  Badge,
  Grid,
  Group,
  NativeSelect,
  NumberInput,
  Paper,
  SegmentedControl,
  Stack,
  Text,
  Title,
} from "@mantine/core";

import type { Mode, ServiceRule } from "../../api/types";
import { SERVICES, words } from "../../parts/words";
import { DocumentsForm } from "./documents-form";
import type { Draft } from "./draft";

const MODES: { value: Mode; label: string }[] = [
  { value: "required", label: "Required" },
  { value: "advisory", label: "Advisory" },
  { value: "off", label: "Off" },
];

const COLOURS: Record<Mode, string> = { required: "brand", advisory: "gray", off: "gray" };

/** A service that rules do not name is off; replays are as the project's settings say, which fail them by default. */
const unnamed = (name: string): ServiceRule => ({ mode: name === "media_replay" ? "required" : "off" });

/** The rules as a form: a service a row, its thresholds inside. */
export function RulesForm({ draft, readOnly }: { draft: Draft; readOnly: boolean }) {
  if (!draft.rules)
    return (
      <Paper p="md">
        <Text size="sm" c="dimmed">
          The form is back as soon as the JSON can be read.
        </Text>
      </Paper>
    );
  const { services } = draft.rules;
  const names = [...new Set([...Object.keys(SERVICES), ...Object.keys(services)])];
  return (
    <Paper p="md">
      <Title order={2} size="h4" mb="sm">
        Services
      </Title>
      <Accordion multiple variant="separated" order={3}>
        {names.map((name) => (
          <Service key={name} name={name} rule={services[name] ?? unnamed(name)} draft={draft} readOnly={readOnly} />
        ))}
      </Accordion>
      <DocumentsForm rules={draft.rules.documents ?? {}} draft={draft} readOnly={readOnly} />
    </Paper>
  );
}

function Service({
  name,
  rule,
  draft,
  readOnly,
}: {
  name: string;
  rule: ServiceRule;
  draft: Draft;
  readOnly: boolean;
}) {
  const path = `services.${name}`;
  const wrong = draft.validity?.valid === false && draft.validity.path?.startsWith(path) ? draft.validity : null;
  const error = (field: string) => (wrong?.path === `${path}.${field}` ? wrong.error : undefined);
  const set = (change: Partial<ServiceRule>) => draft.setRule(name, change);
  const title = SERVICES[name] ?? name;
  const unit = (field: "pass" | "refer", label: string, about: string) => (
    <NumberInput
      label={label}
      description={about}
      min={0}
      max={1}
      step={0.05}
      decimalScale={4}
      clampBehavior="none"
      value={rule[field] ?? (field === "pass" ? 0.5 : 0.4)}
      onChange={(value) => set({ [field]: Number(value) })}
      error={error(field)}
      readOnly={readOnly}
    />
  );
  const choice = <F extends "not_enrolled" | "cannot_judge" | "missing">(
    field: F,
    label: string,
    options: string[],
  ) => (
    <NativeSelect
      label={label}
      data={options.map((value) => ({ value, label: words(value) }))}
      value={rule[field] ?? options[0]}
      onChange={(event) => set({ [field]: event.currentTarget.value } as Partial<ServiceRule>)}
      error={error(field)}
      disabled={readOnly}
    />
  );
  return (
    <Accordion.Item value={name}>
      <Accordion.Control>
        <Group justify="space-between" pr="sm" gap="xs">
          <Text fw={600} size="sm">
            {title}
          </Text>
          <Group gap={6}>
            {wrong && <Badge color="red">needs attention</Badge>}
            <Badge color={COLOURS[rule.mode] ?? "gray"}>
              {rule.mode}
              {rule.mode !== "off" && ` · pass ${rule.pass ?? 0.5}`}
            </Badge>
          </Group>
        </Group>
      </Accordion.Control>
      <Accordion.Panel>
        <Stack gap="sm">
          <SegmentedControl
            data={MODES}
            value={rule.mode}
            onChange={(mode) => set({ mode: mode as Mode })}
            aria-label={`${title}: mode`}
            readOnly={readOnly}
            fullWidth
          />
          {rule.mode !== "off" && (
            <Grid gap="sm">
              <Grid.Col span={{ base: 12, xs: 6 }}>{unit("pass", "Pass from", "Lowest score that passes")}</Grid.Col>
              <Grid.Col span={{ base: 12, xs: 6 }}>{unit("refer", "Refer from", "A person reviews it")}</Grid.Col>
              <Grid.Col span={{ base: 12, xs: 6 }}>
                <NumberInput
                  label="Weight"
                  description="Share of the overall score"
                  min={0}
                  max={100}
                  step={0.5}
                  value={rule.weight ?? 1}
                  onChange={(value) => set({ weight: Number(value) })}
                  error={error("weight")}
                  readOnly={readOnly}
                />
              </Grid.Col>
              <Grid.Col span={{ base: 12, xs: 6 }}>
                {choice("not_enrolled", "User without a template", ["neutral", "refer", "fail"])}
              </Grid.Col>
              <Grid.Col span={{ base: 12, xs: 6 }}>
                {choice("cannot_judge", "Could not judge", ["by_reason", "refer", "fail"])}
              </Grid.Col>
              <Grid.Col span={{ base: 12, xs: 6 }}>
                {choice("missing", "Did not run", ["refer", "fail", "neutral"])}
              </Grid.Col>
            </Grid>
          )}
        </Stack>
      </Accordion.Panel>
    </Accordion.Item>
  );
}
