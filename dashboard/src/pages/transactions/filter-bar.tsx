import { ActionIcon, Button, Collapse, Group, NativeSelect, Paper, SimpleGrid, TextInput } from "@mantine/core";
import { useDebouncedCallback, useDisclosure } from "@mantine/hooks";
import { IconAdjustmentsHorizontal, IconX } from "@tabler/icons-react";
import { useEffect, useState } from "react";

import { FRAUD_RULES, KINDS, words } from "../../parts/words";
import { type Filters, fromLocal, type Name, toLocal } from "./filters";

interface Props {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

const MORE: Name[] = ["fraud", "flag", "review", "tag", "session_id", "api_key_id", "from", "until"];

/** The filters; each counts at once, those that are typed after a moment. */
export function FilterBar({ filters, onChange }: Props) {
  const used = MORE.filter((name) => filters[name]).length;
  const [more, { toggle }] = useDisclosure(used > 0);
  const set = (name: Name) => (value: string | undefined) => onChange({ ...filters, [name]: value || undefined });
  const select = (name: Name, label: string, any: string, options: { value: string; label: string }[]) => (
    <NativeSelect
      label={label}
      value={filters[name] ?? ""}
      onChange={(event) => set(name)(event.currentTarget.value)}
      data={[{ value: "", label: any }, ...options]}
      data-search={name === "verdict" ? true : undefined}
    />
  );
  return (
    <Paper p="md">
      <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm">
        {select(
          "verdict",
          "Verdict",
          "Any",
          ["pass", "refer", "fail"].map((value) => ({ value, label: value })),
        )}
        {select(
          "kind",
          "Kind",
          "Any",
          KINDS.map((value) => ({ value, label: words(value) })),
        )}
        <Typed label="User" placeholder="the whole identifier" value={filters.user} onChange={set("user")} />
        <Group align="flex-end" gap="xs" wrap="nowrap">
          <Button
            variant="default"
            onClick={toggle}
            aria-expanded={more}
            leftSection={<IconAdjustmentsHorizontal size={16} aria-hidden />}
          >
            {more ? "Fewer filters" : `More filters${used ? ` (${used})` : ""}`}
          </Button>
          {Object.values(filters).some(Boolean) && (
            <Button variant="subtle" onClick={() => onChange({})}>
              Clear
            </Button>
          )}
        </Group>
      </SimpleGrid>
      <Collapse expanded={more} inert={!more}>
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }} spacing="sm" mt="sm">
          {select("fraud", "Fraud rule", "With or without", [
            { value: "any", label: "Any rule fired" },
            ...FRAUD_RULES.map((value) => ({ value, label: words(value) })),
          ])}
          {select(
            "flag",
            "Flag",
            "Any",
            ["fraudulent", "possibly_fraudulent", "ok"].map((value) => ({ value, label: words(value) })),
          )}
          {select("review", "Review", "Any", [
            { value: "open", label: "Open" },
            { value: "second_review", label: "Second review" },
            { value: "new_capture", label: "New capture requested" },
            { value: "approved", label: "Approved" },
            { value: "rejected", label: "Rejected" },
          ])}
          <Typed label="Tag" value={filters.tag} onChange={set("tag")} />
          <Typed label="Session id" value={filters.session_id} onChange={set("session_id")} />
          <Typed label="API key id" value={filters.api_key_id} onChange={set("api_key_id")} />
          <TextInput
            type="datetime-local"
            label="From"
            value={toLocal(filters.from)}
            onChange={(event) => set("from")(fromLocal(event.currentTarget.value))}
          />
          <TextInput
            type="datetime-local"
            label="Until"
            value={toLocal(filters.until)}
            onChange={(event) => set("until")(fromLocal(event.currentTarget.value))}
          />
        </SimpleGrid>
      </Collapse>
    </Paper>
  );
}

function Typed({
  label,
  placeholder,
  value,
  onChange,
}: {
  label: string;
  placeholder?: string;
  value: string | undefined;
  onChange: (value: string) => void;
}) {
  const [text, setText] = useState(value ?? "");
  const later = useDebouncedCallback(onChange, 350);
  useEffect(() => setText(value ?? ""), [value]);
  const clear = () => {
    setText("");
    onChange("");
  };
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        later(event.currentTarget.value);
      }}
      rightSection={
        text && (
          <ActionIcon
            variant="subtle"
            color="gray"
            size="sm"
            onClick={clear}
            aria-label={`Clear ${label.toLowerCase()}`}
          >
            <IconX size={14} />
          </ActionIcon>
        )
      }
    />
  );
}
