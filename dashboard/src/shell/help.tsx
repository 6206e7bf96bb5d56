import { Group, Kbd, Modal, Stack, Text } from "@mantine/core";

import type { Place } from "./nav";

const GENERAL: [string[], string][] = [
  [["Ctrl", "K"], "Search and commands"],
  [["/"], "To the first filter of a page"],
  [["?"], "This help"],
  [["Esc"], "Close what is open"],
];

export default function Help({ places, onClose }: { places: Place[]; onClose: () => void }) {
  const lines: [string[], string][] = [
    ...GENERAL,
    ...places.map((place): [string[], string] => [["g", place.key], place.name]),
  ];
  return (
    <Modal
      opened
      onClose={onClose}
      title={
        <Text fw={600} component="span">
          Keyboard shortcuts
        </Text>
      }
    >
      <Stack gap={6}>
        {lines.map(([keys, what]) => (
          <Group key={what} justify="space-between">
            <Text size="sm">{what}</Text>
            <Group gap={4}>
              {keys.map((key) => (
                <Kbd key={key}>{key}</Kbd>
              ))}
            </Group>
          </Group>
        ))}
      </Stack>
    </Modal>
  );
}
