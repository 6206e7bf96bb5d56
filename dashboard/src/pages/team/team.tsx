import { Badge, Group, NativeSelect, Stack, Table, Text, Tooltip } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";

import { invitations, removeUser, revokeInvitation, setRole, type User, users } from "../../api/accounts";
import { MAY } from "../../api/permissions";
import { useCan, useMe } from "../../api/session";
import type { Role } from "../../api/types";
import { AllowedButton } from "../../parts/allowed";
import { Confirm } from "../../parts/confirm";
import { done, failed } from "../../parts/notify";
import { Loaded, Page } from "../../parts/page";
import { Note, Section } from "../../parts/panel";
import { Rows } from "../../parts/rows";
import { When } from "../../parts/time";
import { ROLES } from "../../parts/words";
import { Invite } from "./invite";

/** The people of the organisation. */
export default function Team() {
  const can = useCan();
  const client = useQueryClient();
  const [inviting, setInviting] = useState(false);
  const [removing, setRemoving] = useState<User | null>(null);
  const people = useQuery({ queryKey: ["users"], queryFn: users });
  const refresh = () => client.invalidateQueries({ queryKey: ["users"] });
  const change = (user: User, role: Role) =>
    void setRole(user.id, role).then(() => {
      void refresh();
      done(`${user.name} is ${ROLES[role].name.toLowerCase()} now, and has to sign in again`);
    }, failed);
  return (
    <Page
      title="Team"
      about="Who may sign in, and what they may do. Roles are enforced by the server; the pages show what yours allows."
      actions={
        <AllowedButton
          needs={MAY.editUsers}
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => setInviting(true)}
        >
          Invite
        </AllowedButton>
      }
    >
      <Loaded query={people}>
        {(found) => (
          <Rows
            label="People"
            rows={found}
            columns={[
              "Name",
              "Role",
              { name: "Second factor", from: "md" },
              { name: "Last seen", from: "lg" },
              "Action",
            ]}
          >
            {(user) => (
              <Person
                key={user.id}
                user={user}
                onRole={(role) => change(user, role)}
                onRemove={() => setRemoving(user)}
              />
            )}
          </Rows>
        )}
      </Loaded>
      {can(MAY.editUsers) && <Invitations />}
      <RolesTable />
      {inviting && (
        <Invite
          onClose={() => setInviting(false)}
          onInvited={() => void client.invalidateQueries({ queryKey: ["invitations"] })}
        />
      )}
      <Confirm
        opened={removing !== null}
        title="Remove from the organisation"
        action="Remove"
        onClose={() => setRemoving(null)}
        onConfirm={async () => {
          if (!removing) return;
          await removeUser(removing.id);
          await refresh();
        }}
      >
        <Text size="sm">
          <b className="any">{removing?.name}</b> is signed out everywhere at once. What they did stays in the audit
          log.
        </Text>
      </Confirm>
    </Page>
  );
}

function Person({ user, onRole, onRemove }: { user: User; onRole: (role: Role) => void; onRemove: () => void }) {
  const me = useMe().user;
  const can = useCan();
  const self = user.id === me.id;
  // An admin does not touch owners, nor make any.
  const beyond = me.role !== "owner" && user.role === "owner";
  const roles = (Object.keys(ROLES) as Role[]).filter(
    (role) => me.role === "owner" || role !== "owner" || user.role === "owner",
  );
  const why = self
    ? "Somebody else has to change your own role."
    : beyond
      ? "Only an owner can change an owner."
      : null;
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={600} className="any">
          {user.name}{" "}
          {self && (
            <Badge color="gray" ml={4}>
              you
            </Badge>
          )}
        </Text>
        <Text size="xs" c="dimmed" className="any">
          {user.email}
        </Text>
      </Table.Td>
      <Table.Td>
        {can(MAY.editUsers) && why === null ? (
          <NativeSelect
            size="xs"
            miw={120}
            aria-label={`Role of ${user.name}`}
            value={user.role}
            data={roles.map((role) => ({ value: role, label: ROLES[role].name }))}
            onChange={(event) => onRole(event.currentTarget.value as Role)}
          />
        ) : (
          <Tooltip label={why ?? ROLES[user.role].may}>
            <Badge color="brand" tabIndex={0}>
              {ROLES[user.role]?.name ?? user.role}
            </Badge>
          </Tooltip>
        )}
      </Table.Td>
      <Table.Td visibleFrom="md">
        {user.totp_enabled ? <Badge color="green">on</Badge> : <Badge color="gray">off</Badge>}
      </Table.Td>
      <Table.Td visibleFrom="lg">
        {user.last_seen_at ? (
          <When at={user.last_seen_at} distance />
        ) : (
          <Text size="sm" c="dimmed">
            –
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        {why === null && (
          <AllowedButton
            needs={MAY.editUsers}
            size="compact-sm"
            variant="light"
            color="red"
            onClick={onRemove}
            aria-label={`Remove ${user.name}`}
          >
            Remove
          </AllowedButton>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function Invitations() {
  const client = useQueryClient();
  const query = useQuery({ queryKey: ["invitations"], queryFn: invitations });
  const revoke = (id: string) =>
    void revokeInvitation(id).then(() => client.invalidateQueries({ queryKey: ["invitations"] }), failed);
  return (
    <Section title="Invitations">
      <Loaded query={query} lines={1}>
        {(found) =>
          found.length === 0 ? (
            <Note>None is open.</Note>
          ) : (
            <Rows
              label="Open invitations"
              rows={found}
              columns={["Email", "Role", { name: "Expires", from: "sm" }, "Action"]}
            >
              {(invitation) => (
                <Table.Tr key={invitation.id}>
                  <Table.Td className="any">{invitation.email}</Table.Td>
                  <Table.Td>{ROLES[invitation.role]?.name}</Table.Td>
                  <Table.Td visibleFrom="sm">
                    <When at={invitation.expires_at} />
                  </Table.Td>
                  <Table.Td>
                    <AllowedButton
                      needs={MAY.editUsers}
                      size="compact-sm"
                      variant="default"
                      onClick={() => revoke(invitation.id)}
                      aria-label={`Revoke the invitation of ${invitation.email}`}
                    >
                      Revoke
                    </AllowedButton>
                  </Table.Td>
                </Table.Tr>
              )}
            </Rows>
          )
        }
      </Loaded>
    </Section>
  );
}

function RolesTable() {
  return (
    <Section title="What each role may do">
      <Stack gap={6}>
        {Object.values(ROLES).map(({ name, may }) => (
          <Group key={name} gap="sm" align="baseline" wrap="nowrap">
            <Text size="sm" fw={600} w={110} flex="none">
              {name}
            </Text>
            <Text size="sm" c="dimmed">
              {may}
            </Text>
          </Group>
        ))}
      </Stack>
    </Section>
  );
}
