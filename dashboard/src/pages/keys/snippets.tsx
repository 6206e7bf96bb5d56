import { NativeSelect, Stack } from "@mantine/core";
import { useState } from "react";

import { Block } from "../../parts/secret";
import { snippetsOf } from "./flow";

const CHOICE = "biometry.snippet";

/** The whole flow in the language somebody works in; the choice is remembered. */
export default function Snippets({ secret }: { secret: string }) {
  const snippets = snippetsOf(location.origin, secret);
  const [name, setName] = useState(() => localStorage.getItem(CHOICE) ?? "curl");
  const chosen = snippets.find((snippet) => snippet.name === name) ?? snippets[0];
  const choose = (value: string) => {
    localStorage.setItem(CHOICE, value);
    setName(value);
  };
  return (
    <Stack gap="xs" data-testid="snippets">
      <NativeSelect
        label="Ready to run"
        description="A session, the consents, a video and its decision"
        value={chosen?.name}
        onChange={(event) => choose(event.currentTarget.value)}
        data={snippets.map((snippet) => snippet.name)}
      />
      {chosen && <Block text={chosen.code} label="Copy the code" name="code" />}
    </Stack>
  );
}
