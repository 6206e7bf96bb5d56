import { Alert, Button, Group, Text } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";

import { connection, useConnected } from "../api/connection";

/** Says that the server does not answer, and that it is being tried again. */
export function ConnectionBanner() {
  const up = useConnected();
  return (
    <div role="status" aria-live="polite">
      {!up && (
        <Alert color="orange" icon={<IconPlugConnectedX />} mb="md" data-testid="connection-lost">
          <Group justify="space-between" gap="xs">
            <Text size="sm">The connection is lost. What you see may be out of date; it is retried automatically.</Text>
            <Button size="compact-sm" variant="default" onClick={() => void connection.probe()}>
              Try now
            </Button>
          </Group>
        </Alert>
      )}
    </div>
  );
}
