import { Table, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { IconBolt, IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "wouter";

import { MAY } from "../../api/permissions";
import { listWebhooks } from "../../api/webhooks";
import { AllowedButton } from "../../parts/allowed";
import { Empty, Loaded, Page } from "../../parts/page";
import { Rows } from "../../parts/rows";
import { When } from "../../parts/time";
import { useProject } from "../../shell/place";
import { EndpointForm } from "./endpoint-form";
import { everything, WebhookStatus } from "./status";

/** The endpoints that receive events. */
export default function Webhooks() {
  const project = useProject() ?? "";
  const client = useQueryClient();
  const [creating, setCreating] = useState(false);
  const query = useQuery({ queryKey: ["webhooks", project], queryFn: listWebhooks });
  return (
    <Page
      title="Webhooks"
      about="Events sent to your systems, signed as Standard Webhooks says. Each arrives at least once."
      actions={
        <AllowedButton
          needs={MAY.editWebhooks}
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => setCreating(true)}
        >
          New endpoint
        </AllowedButton>
      }
    >
      <Loaded query={query}>
        {(webhooks) => (
          <Rows
            label="Webhook endpoints"
            rows={webhooks}
            columns={[
              "Endpoint",
              "Status",
              { name: "Events", from: "md" },
              { name: "Delivered", from: "sm", right: true },
              { name: "Failed", from: "sm", right: true },
              { name: "Made", from: "lg" },
            ]}
            empty={
              <Empty icon={<IconBolt size={36} />} title="No endpoints yet">
                Add one to receive an event for every decision.
              </Empty>
            }
          >
            {(webhook) => (
              <Table.Tr key={webhook.id}>
                <Table.Td>
                  <Text
                    component={Link}
                    href={`/webhooks/${webhook.id}`}
                    size="sm"
                    fw={600}
                    className="any"
                    c="var(--mantine-color-anchor)"
                  >
                    {webhook.url}
                  </Text>
                  <Text size="xs" c="dimmed" hiddenFrom="sm">
                    {webhook.success_count.toLocaleString()} delivered, {webhook.failure_count.toLocaleString()} failed
                  </Text>
                </Table.Td>
                <Table.Td>
                  <WebhookStatus webhook={webhook} />
                </Table.Td>
                <Table.Td visibleFrom="md">
                  <Text size="sm" lineClamp={2} maw={280}>
                    {everything(webhook.events) ? "All" : webhook.events.join(", ")}
                  </Text>
                </Table.Td>
                <Table.Td visibleFrom="sm" ta="right" className="num">
                  {webhook.success_count.toLocaleString()}
                </Table.Td>
                <Table.Td visibleFrom="sm" ta="right" className="num">
                  {webhook.failure_count.toLocaleString()}
                </Table.Td>
                <Table.Td visibleFrom="lg">
                  <When at={webhook.created_at} />
                </Table.Td>
              </Table.Tr>
            )}
          </Rows>
        )}
      </Loaded>
      {creating && (
        <EndpointForm
          onClose={() => setCreating(false)}
          onChanged={() => void client.invalidateQueries({ queryKey: ["webhooks", project] })}
        />
      )}
    </Page>
  );
}
