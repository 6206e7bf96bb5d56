import { Button, Group, Paper, TextInput } from "@mantine/core";
import { IconUserSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useSearchParams } from "wouter";

import { Empty, Page } from "../../parts/page";
import { Matches } from "./matches";
import { CheckReceipt } from "./receipt";
import { SubjectCard } from "./subject";

/** One person at a time, by the identifier your systems know them by or by its beginning. */
export default function Subjects() {
  const [search, setSearch] = useSearchParams();
  const user = search.get("user") ?? "";
  const prefix = search.get("prefix") ?? "";
  const [text, setText] = useState(user || prefix);
  const [error, setError] = useState<string | null>(null);
  const look = (event: React.FormEvent) => {
    event.preventDefault();
    setError(text.trim() ? null : "the identifier, as in X-User-Fullname");
    if (text.trim()) setSearch({ user: text.trim() });
  };
  const find = () => {
    const typed = text.trim();
    setError([...typed].length < 3 ? "at least three characters" : null);
    if ([...typed].length >= 3) setSearch({ prefix: typed });
  };
  return (
    <Page
      title="Subjects"
      about="Look up the stored data of a person: consents with their history, and which templates there are. The templates themselves are shown to nobody."
    >
      <Paper p="md" component="form" onSubmit={look} role="search" noValidate>
        <Group align="flex-start" gap="sm">
          <TextInput
            label="User"
            description="The whole identifier to look up, or its beginning to search"
            flex={1}
            miw={220}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            error={error}
            autoComplete="off"
            data-search
          />
          <Button type="submit" mt={44}>
            Look up
          </Button>
          <Button variant="default" mt={44} onClick={find}>
            Search
          </Button>
        </Group>
      </Paper>
      {user ? (
        <SubjectCard key={user} name={user} />
      ) : prefix ? (
        <Matches key={prefix} prefix={prefix} />
      ) : (
        <>
          <Empty icon={<IconUserSearch size={36} />} title="Nobody is looked up yet">
            Type the identifier your systems send in <code>X-User-Fullname</code>, or search by its beginning. Searches
            are audited.
          </Empty>
          <CheckReceipt />
        </>
      )}
    </Page>
  );
}
