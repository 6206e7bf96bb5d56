import { Alert, Text } from "@mantine/core";

import { useMe } from "../api/session";
import { Page } from "../parts/page";
import { ROLES } from "../parts/words";
import type { Place } from "./nav";

/** Instead of a page one may not see. The server would not answer it either. */
export function Closed({ place }: { place: Place }) {
  const { role } = useMe().user;
  return (
    <Page title={place.name}>
      <Alert color="gray" title="Your role may not see this">
        <Text size="sm">
          You are signed in as {ROLES[role].name.toLowerCase()}. Ask an admin of your organisation when you need it.
        </Text>
      </Alert>
    </Page>
  );
}
