import { Alert, Button, Stack, Text } from "@mantine/core";
import { Component, type ReactNode } from "react";

/** Keeps a fault in one page from taking the rest away; a page whose file is gone after an update is loaded anew. */
export class Broken extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <Alert color="red" title="This page did not work">
        <Stack align="flex-start" gap="sm">
          <Text size="sm">It may have been updated meanwhile, or the connection was lost while it loaded.</Text>
          <Button size="xs" variant="default" onClick={() => location.reload()}>
            Load it again
          </Button>
        </Stack>
      </Alert>
    );
  }
}
