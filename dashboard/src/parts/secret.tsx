import { ActionIcon, Code, CopyButton, Group, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";

/** Text that can be taken along with one press. */
export function Copyable({ text, label = "Copy" }: { text: string; label?: string }) {
  return (
    <CopyButton value={text} timeout={2000}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? "Copied" : label}>
          <ActionIcon
            variant="subtle"
            color={copied ? "green" : "gray"}
            onClick={copy}
            aria-label={copied ? "Copied" : label}
            size="sm"
          >
            {copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}

/** A short id with its whole self to copy. */
export function Id({ id, whole = false }: { id: string; whole?: boolean }) {
  return (
    <Group gap={4} wrap="nowrap" display="inline-flex">
      <span className="mono" title={id}>
        {whole || id.length <= 14 ? id : `…${id.slice(-10)}`}
      </span>
      <Copyable text={id} label="Copy the id" />
    </Group>
  );
}

/** Text to be taken along as a whole. */
export function Block({ text, label, name }: { text: string; label: string; name: string }) {
  return (
    <Group align="flex-start" gap="xs" wrap="nowrap">
      <Code
        block
        flex={1}
        miw={0}
        mah={220}
        style={{ overflow: "auto", whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}
        tabIndex={0}
        role="region"
        aria-label={name}
        data-testid={`secret-${name.replaceAll(" ", "-")}`}
      >
        {text}
      </Code>
      <Copyable text={text} label={label} />
    </Group>
  );
}
