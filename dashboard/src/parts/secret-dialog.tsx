import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactNode } from "react";

import { Dialog } from "./dialog";
import { Block } from "./secret";

interface Props {
  title: string;
  what: string;
  secret: string;
  /** A command that uses it. */
  example?: string;
  /** More about using it. */
  children?: ReactNode;
  onDone: () => void;
}

/** A secret that is shown this once, until somebody says that it is kept. */
export function SecretDialog({ title, what, secret, example, children, onDone }: Props) {
  return (
    <Dialog title={title} onClose={onDone} size="lg" held>
      <Stack>
        <Alert color="orange" icon={<IconAlertTriangle />} title={`Copy the ${what} now`}>
          It is shown only now and not stored in clear. Anyone who has it can use it.
        </Alert>
        <Block text={secret} label={`Copy the ${what}`} name={what} />
        {example && (
          <>
            <Text size="sm" fw={600}>
              Ready to run
            </Text>
            <Block text={example} label="Copy the command" name="command" />
          </>
        )}
        {children}
        <Group justify="flex-end">
          <Button onClick={onDone}>I have saved it</Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
