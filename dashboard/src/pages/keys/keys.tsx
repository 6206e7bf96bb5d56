import { Badge, Group, Stack, Table, Text } from "@mantine/core";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { IconKey, IconPlus } from "@tabler/icons-react";
import { useState } from "react";

import { MAY } from "../../api/permissions";
import { listKeys, listRules, revokeKey } from "../../api/projects";
import type { ApiKey } from "../../api/types";
import { AllowedButton } from "../../parts/allowed";
import { Confirm } from "../../parts/confirm";
import { Listed } from "../../parts/listed";
import { done } from "../../parts/notify";
import { Empty, Page } from "../../parts/page";
import { Rows } from "../../parts/rows";
import { Id } from "../../parts/secret";
import { When } from "../../parts/time";
import { SCOPES, SELECTABLE } from "../../parts/words";
import { useProject } from "../../shell/place";
import { CreateKey } from "./create-key";
import { EditKey } from "./edit-key";

/** The keys of the project: made, shown once, revoked. */
export default function Keys() {
  const project = useProject() ?? "";
  const client = useQueryClient();
  const [creating, setCreating] = useState(false);
  const [editing, setEditing] = useState<ApiKey | null>(null);
  const [revoking, setRevoking] = useState<ApiKey | null>(null);
  const query = useInfiniteQuery({
    queryKey: ["keys", project],
    queryFn: ({ pageParam }) => listKeys(pageParam),
    initialPageParam: "",
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
  const rules = useQuery({ queryKey: ["rules", project], queryFn: () => listRules() });
  const rulesName = (id: string | null) =>
    id ? (rules.data?.data.find(({ scores_id }) => scores_id === id)?.name ?? id) : "the project's";
  const changed = () => client.invalidateQueries({ queryKey: ["keys", project] });
  return (
    <Page
      title="API keys"
      about="What your systems call the API with. A key belongs to this project alone, and is shown once when it is made."
      actions={
        <AllowedButton
          needs={MAY.editKeys}
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => setCreating(true)}
        >
          New key
        </AllowedButton>
      }
    >
      <Listed query={query} rows={({ data }) => data} more="Older keys">
        {(keys) => (
          <Rows
            label="API keys"
            rows={keys}
            columns={[
              "Name",
              { name: "Services", from: "md" },
              { name: "Scopes", from: "lg" },
              { name: "Rules", from: "lg" },
              { name: "Last used", from: "sm" },
              { name: "Rate limit (per minute)", from: "lg", right: true },
              { name: "Made", from: "xl" },
              "Action",
            ]}
            empty={
              <Empty icon={<IconKey size={36} />} title="No keys yet">
                Create one to call the API from your backend.
              </Empty>
            }
          >
            {(key) => (
              <Row
                key={key.id}
                apiKey={key}
                rules={rulesName(key.scores_id)}
                onEdit={() => setEditing(key)}
                onRevoke={() => setRevoking(key)}
              />
            )}
          </Rows>
        )}
      </Listed>
      {creating && (
        <CreateKey rules={rules.data?.data ?? []} onClose={() => setCreating(false)} onCreated={() => void changed()} />
      )}
      {editing && <EditKey apiKey={editing} onClose={() => setEditing(null)} onChanged={changed} />}
      <Confirm
        opened={revoking !== null}
        title="Revoke this key"
        action="Revoke"
        onClose={() => setRevoking(null)}
        onConfirm={async () => {
          if (!revoking) return;
          await revokeKey(revoking.id);
          await changed();
          done("The key is revoked");
        }}
      >
        <Text size="sm">
          Calls with <b className="any">{revoking?.name}</b> are refused from the next one on. This cannot be undone.
        </Text>
      </Confirm>
    </Page>
  );
}

/** In few words; most keys have all services, or all but one. */
function servicesOf({ selected_services: chosen }: ApiKey): string {
  const left = SELECTABLE.filter((service) => !chosen.includes(service));
  if (left.length === 0) return "All";
  return left.length === 1 ? `All but ${left[0]}` : chosen.join(", ");
}

interface RowProps {
  apiKey: ApiKey;
  rules: string;
  onEdit: () => void;
  onRevoke: () => void;
}

function Row({ apiKey: key, rules, onEdit, onRevoke }: RowProps) {
  const active = key.state === "active";
  return (
    <Table.Tr data-testid="key">
      <Table.Td>
        <Stack gap={2}>
          <Group gap={6}>
            <Text size="sm" fw={600} className="any" c={active ? undefined : "dimmed"}>
              {key.name}
            </Text>
            {!active && <Badge color="gray">{key.state}</Badge>}
            {key.mode === "test" && <Badge color="yellow">test</Badge>}
            {key.can_mint && <Badge color="orange">admin</Badge>}
            {key.response_format === "sdk" && <Badge color="blue">SDK shapes</Badge>}
          </Group>
          <Text size="xs" c="dimmed" component="span">
            <Id id={key.id} />
          </Text>
          {active && key.expires_at && (
            <Text size="xs" c="dimmed">
              Works until <When at={key.expires_at} />
            </Text>
          )}
        </Stack>
      </Table.Td>
      <Table.Td visibleFrom="md">
        <Text size="sm" maw={320}>
          {servicesOf(key)}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="lg">
        <Text size="sm" maw={240} className="any">
          {key.scopes.length === Object.keys(SCOPES).length ? "All" : key.scopes.join(", ")}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="lg">
        <Text size="sm" className="any">
          {rules}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="sm">
        {key.last_used_at ? (
          <When at={key.last_used_at} distance />
        ) : (
          <Text size="sm" c="dimmed">
            {key.last_used_at === null ? "never" : "–"}
          </Text>
        )}
      </Table.Td>
      <Table.Td visibleFrom="lg" ta="right" className="num">
        {key.rate_limit_per_minute > 0 ? key.rate_limit_per_minute.toLocaleString() : "the project's"}
      </Table.Td>
      <Table.Td visibleFrom="xl">
        <When at={key.created_at} />
      </Table.Td>
      <Table.Td>
        {key.state !== "revoked" && (
          <Group gap={6}>
            {active && (
              <AllowedButton
                needs={MAY.editKeys}
                size="compact-sm"
                variant="default"
                onClick={onEdit}
                aria-label={`Change ${key.name}`}
              >
                Change
              </AllowedButton>
            )}
            <AllowedButton
              needs={MAY.editKeys}
              size="compact-sm"
              variant="light"
              color="red"
              onClick={onRevoke}
              aria-label={`Revoke ${key.name}`}
            >
              Revoke
            </AllowedButton>
          </Group>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
