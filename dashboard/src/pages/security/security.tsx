import { Alert, Badge, Button, Group, Paper, PasswordInput, SimpleGrid, Stack, Table, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQuery, useQueryClient } from "@tanstack/react-query";

import { changePassword, endSession, sessions } from "../../api/accounts";
import { useMe, useSignedIn } from "../../api/session";
import { REVEAL, useSubmit } from "../../parts/form";
import { done, failed } from "../../parts/notify";
import { Loaded, Page } from "../../parts/page";
import { When } from "../../parts/time";
import { SecondFactorCard } from "./second-factor-card";

/** One's own password, second factor and sessions. */
export default function Security() {
  const { user } = useMe();
  return (
    <Page
      title="Your security"
      about={
        <>
          You are signed in as <b className="any">{user.email}</b>.
        </>
      }
    >
      <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
        <SecondFactorCard />
        <Password />
      </SimpleGrid>
      <Sessions />
    </Page>
  );
}

function Password() {
  const signedIn = useSignedIn();
  const form = useForm({
    initialValues: { current_password: "", new_password: "", again: "" },
    validate: {
      current_password: (password) => (password ? null : "your password as it is now"),
      new_password: (password) => (password.length >= 12 ? null : "at least 12 characters"),
      again: (again, { new_password }) => (again === new_password ? null : "not the same as above"),
    },
  });
  const { submit, busy, error } = useSubmit(form, async ({ current_password, new_password }) => {
    await changePassword(current_password, new_password);
    form.reset();
    done("Your password is changed; other sessions are signed out");
    await signedIn();
  });
  return (
    <Paper p="md">
      <Title order={2} size="h4" mb="sm">
        Password
      </Title>
      <form onSubmit={submit} noValidate>
        <Stack>
          {error && (
            <Alert color="red" role="alert">
              {error}
            </Alert>
          )}
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            visibilityToggleButtonProps={REVEAL}
            {...form.getInputProps("current_password")}
          />
          <PasswordInput
            label="New password"
            description="At least 12 characters; a few words are easy to keep"
            autoComplete="new-password"
            visibilityToggleButtonProps={REVEAL}
            {...form.getInputProps("new_password")}
          />
          <PasswordInput
            label="New password again"
            autoComplete="new-password"
            visibilityToggleButtonProps={REVEAL}
            {...form.getInputProps("again")}
          />
          <Group>
            <Button type="submit" loading={busy}>
              Change the password
            </Button>
          </Group>
        </Stack>
      </form>
    </Paper>
  );
}

function Sessions() {
  const client = useQueryClient();
  const query = useQuery({ queryKey: ["sessions"], queryFn: sessions });
  const end = (id: string) =>
    void endSession(id).then(() => client.invalidateQueries({ queryKey: ["sessions"] }), failed);
  return (
    <section aria-labelledby="sessions">
      <Title order={2} size="h4" mb="sm" id="sessions">
        Sessions
      </Title>
      <Loaded query={query} lines={2}>
        {(found) => (
          <Paper>
            <Table.ScrollContainer minWidth={340} type="native">
              <Table aria-label="Your sessions">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Browser</Table.Th>
                    <Table.Th visibleFrom="sm">Address</Table.Th>
                    <Table.Th>Last seen</Table.Th>
                    <Table.Th>Action</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {found.map((session) => (
                    <Table.Tr key={session.id}>
                      <Table.Td className="any">
                        {session.user_agent || "unknown"} {session.current && <Badge color="green">this one</Badge>}
                      </Table.Td>
                      <Table.Td visibleFrom="sm" className="mono">
                        {session.address || "–"}
                      </Table.Td>
                      <Table.Td>
                        <When at={session.last_seen_at} distance />
                      </Table.Td>
                      <Table.Td>
                        {!session.current && (
                          <Button size="compact-sm" variant="default" onClick={() => end(session.id)}>
                            Sign out
                          </Button>
                        )}
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          </Paper>
        )}
      </Loaded>
    </section>
  );
}
