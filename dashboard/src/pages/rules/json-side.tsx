import { Badge, Group, JsonInput, Loader, Paper, Stack, Text, Title } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";

import type { Draft } from "./draft";

/** The same rules as text, with the server's word on them. */
export function JsonSide({ draft, readOnly }: { draft: Draft; readOnly: boolean }) {
  const error = draft.syntax ?? (draft.validity?.valid === false ? draft.validity.error : null);
  return (
    <Paper p="md" className="stays">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h4">
            JSON
          </Title>
          <div role="status" data-testid="validity">
            {error ? (
              <Badge color="red" leftSection={<IconX size={13} aria-hidden />}>
                not valid
              </Badge>
            ) : draft.checking ? (
              <Group gap={6}>
                <Loader size={12} />
                <Text size="xs" c="dimmed">
                  checking
                </Text>
              </Group>
            ) : (
              <Badge color="green" leftSection={<IconCheck size={13} aria-hidden />}>
                valid
              </Badge>
            )}
          </div>
        </Group>
        <JsonInput
          aria-label="Rules as JSON"
          value={draft.text}
          onChange={draft.setText}
          autosize
          minRows={20}
          maxRows={34}
          readOnly={readOnly}
          error={error}
          spellCheck={false}
          styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }}
        />
      </Stack>
    </Paper>
  );
}
