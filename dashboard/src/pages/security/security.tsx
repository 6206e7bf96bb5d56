import { Badge, Button, PasswordInput, SimpleGrid, Table } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQuery, useQueryClient } from "@tanstack/react-query";

import { changePassword, endSession, sessions } from "../../api/accounts";
import { useMe, useSignedIn } from "../../api/session";
import { Form, REVEAL } from "../../parts/form";
import { done, failed } from "../../parts/notify";
import { Loaded, Page } from "../../parts/page";
import { Panel, Section } from "../../parts/panel";
import { Rows } from "../../parts/rows";
import { When } from "../../parts/time";
import { browserOf } from "./browser";
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
  const change = async ({ current_password, new_password }: typeof form.values) => {
    await changePassword(current_password, new_password);
    form.reset();
    done("Your password is changed; other sessions are signed out");
    await signedIn();
  };
  return (
    <Panel title="Password">
      <Form form={form} send={change} action="Change the password">
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
      </Form>
    </Panel>
  );
}

function Sessions() {
  const client = useQueryClient();
  const query = useQuery({ queryKey: ["sessions"], queryFn: sessions });
  const end = (id: string) =>
    void endSession(id).then(() => client.invalidateQueries({ queryKey: ["sessions"] }), failed);
  return (
    <Section title="Sessions">
      <Loaded query={query} lines={2}>
        {(found) => (
          <Rows
            label="Your sessions"
            rows={found}
            columns={["Browser", { name: "Address", from: "sm" }, "Last seen", "Action"]}
          >
            {(session) => (
              <Table.Tr key={session.id}>
                <Table.Td className="any">
                  <span title={session.user_agent}>{browserOf(session.user_agent)}</span>{" "}
                  {session.current && <Badge color="green">this one</Badge>}
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
            )}
          </Rows>
        )}
      </Loaded>
    </Section>
  );
}
