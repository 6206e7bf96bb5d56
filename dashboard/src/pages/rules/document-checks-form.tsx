import { Accordion, Badge, Group, NativeSelect, Stack, Text, Title } from "@mantine/core";

import type { CheckMode, DocumentRules } from "../../api/types";
import { Note } from "../../parts/panel";
import { CHECK_GROUPS, type DocumentCheck } from "./document-checks";
import type { Draft } from "./draft";

const MODES: { value: CheckMode; label: string }[] = [
  { value: "required", label: "Required" },
  { value: "gating", label: "Gating" },
  { value: "advisory", label: "Advisory" },
  { value: "off", label: "Off" },
];

interface Props {
  rules: DocumentRules;
  draft: Draft;
  readOnly: boolean;
}

/** What each check of a document may do; an unchanged check is not written into the rules. */
export function DocumentChecks({ rules, draft, readOnly }: Props) {
  const checks = rules.checks ?? {};
  const set = (name: string, mode: CheckMode | "") => {
    const { [name]: _, ...others } = checks;
    draft.setDocuments({ checks: mode === "" ? others : { ...others, [name]: mode } });
  };
  const wrong = (name: string) =>
    draft.validity?.valid === false && draft.validity.path === `documents.checks.${name}`
      ? draft.validity.error
      : undefined;
  return (
    <>
      <Title order={3} size="h5" mt="lg" mb={4}>
        Single checks
      </Title>
      <Note>
        Required: failed it fails the document, and not made it is for a person. Gating: failed it fails the document.
        Advisory: it is reported, and several are for a person.
      </Note>
      <Accordion multiple variant="separated" order={4} mt="sm">
        {CHECK_GROUPS.map((group) => {
          const changed = group.checks.filter(({ name }) => checks[name] !== undefined).length;
          return (
            <Accordion.Item key={group.id} value={group.id}>
              <Accordion.Control>
                <Group justify="space-between" pr="sm" gap="xs">
                  <Text fw={600} size="sm">
                    {group.title}
                  </Text>
                  {group.checks.some(({ name }) => wrong(name)) ? (
                    <Badge color="red">needs attention</Badge>
                  ) : (
                    <Badge color={changed > 0 ? "brand" : "gray"}>
                      {changed > 0 ? `${changed} set` : "as built in"}
                    </Badge>
                  )}
                </Group>
              </Accordion.Control>
              <Accordion.Panel>
                <Stack gap="xs">
                  {group.checks.map((check) => (
                    <Check
                      key={check.name}
                      check={check}
                      mode={checks[check.name]}
                      error={wrong(check.name)}
                      readOnly={readOnly}
                      onMode={(mode) => set(check.name, mode)}
                    />
                  ))}
                </Stack>
              </Accordion.Panel>
            </Accordion.Item>
          );
        })}
      </Accordion>
    </>
  );
}

interface CheckProps {
  check: DocumentCheck;
  mode: CheckMode | undefined;
  error: string | undefined;
  readOnly: boolean;
  onMode: (mode: CheckMode | "") => void;
}

function Check({ check: { name, title, fails, own, floor }, mode, error, readOnly, onMode }: CheckProps) {
  const kept = MODES.find(({ value }) => value === own)?.label.toLowerCase();
  // What the text says is shown even where the server will not take it.
  const modes = MODES.filter(({ value }) => !floor || value === mode || value === "required" || value === "gating");
  return (
    <Group justify="space-between" wrap="nowrap" gap="sm" align="flex-start">
      <div style={{ minWidth: 0 }}>
        <Text size="sm">{title}</Text>
        <Text size="xs" c="dimmed">
          Fails when: {fails}
          {floor && ". Cannot be silenced"}
        </Text>
      </div>
      <NativeSelect
        size="xs"
        w={160}
        flex="none"
        aria-label={`${title}: what it may do`}
        data-check={name}
        value={mode ?? ""}
        onChange={(event) => onMode(event.currentTarget.value as CheckMode | "")}
        data={[{ value: "", label: `Built in (${kept})` }, ...modes]}
        error={error}
        disabled={readOnly}
      />
    </Group>
  );
}
