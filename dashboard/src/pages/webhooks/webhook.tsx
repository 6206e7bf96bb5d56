import { Group, SimpleGrid, Stack, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { IconRefresh, IconSend } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useLocation, useParams } from "wouter";

import { MAY } from "../../api/permissions";
import type { Webhook } from "../../api/types";
import { changeWebhook, oneWebhook, removeWebhook, rotateSecret, sendTest } from "../../api/webhooks";
import { AllowedButton } from "../../parts/allowed";
import { Confirm } from "../../parts/confirm";
import { done, failed } from "../../parts/notify";
import { LoadedPage, Page } from "../../parts/page";
import { Figure, Note, Panel } from "../../parts/panel";
import { Id } from "../../parts/secret";
import { SecretDialog } from "../../parts/secret-dialog";
import { useProject } from "../../shell/place";
import { Deliveries } from "./deliveries";
import { EndpointForm } from "./endpoint-form";
import { everything, WebhookStatus } from "./status";

/** How often the counts of attempts are read again. */
const COUNTS_MS = 5000;

type Dialog = "edit" | "rotate" | "remove" | null;

export default function WebhookDetail() {
  const { id = "" } = useParams<{ id: string }>();
  const project = useProject() ?? "";
  const query = useQuery({
    queryKey: ["webhooks", project, id],
    queryFn: () => oneWebhook(id),
    refetchInterval: COUNTS_MS,
  });
  return (
    <LoadedPage query={query} title="Endpoint" list={{ name: "Webhooks", href: "/webhooks" }}>
      {(webhook) => <Endpoint webhook={webhook} project={project} />}
    </LoadedPage>
  );
}

/** One endpoint: its settings, and what was sent to it. */
function Endpoint({ webhook, project }: { webhook: Webhook; project: string }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [dialog, setDialog] = useState<Dialog>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const changed = () => void client.invalidateQueries({ queryKey: ["webhooks", project] });
  const pause = () =>
    void changeWebhook(webhook.id, { status: webhook.status === "active" ? "paused" : "active" }).then(changed, failed);
  const test = () =>
    void sendTest(webhook.id).then(() => {
      done("A test event is on its way");
      void client.invalidateQueries({ queryKey: ["deliveries", webhook.id] });
    }, failed);
  return (
    <Page
      title={webhook.url}
      about={
        <>
          <Link href="/webhooks">Webhooks</Link> · <Id id={webhook.id} />
        </>
      }
      actions={
        <>
          <AllowedButton needs={MAY.editWebhooks} variant="default" onClick={() => setDialog("edit")}>
            Change
          </AllowedButton>
          <AllowedButton needs={MAY.editWebhooks} variant="default" onClick={pause}>
            {webhook.status === "active" ? "Pause" : "Activate"}
          </AllowedButton>
          <AllowedButton needs={MAY.editWebhooks} leftSection={<IconSend size={16} aria-hidden />} onClick={test}>
            Send a test event
          </AllowedButton>
        </>
      }
    >
      <SimpleGrid cols={{ base: 2, md: 4 }}>
        <Figure name="Status">
          <WebhookStatus webhook={webhook} />
        </Figure>
        <Figure name="Events">
          <Text size="sm">{everything(webhook.events) ? "All" : webhook.events.join(", ")}</Text>
        </Figure>
        <Figure name="Attempts delivered" value={webhook.success_count.toLocaleString()} />
        <Figure name="Attempts failed" value={webhook.failure_count.toLocaleString()} />
      </SimpleGrid>
      <Deliveries endpoint={webhook} />
      <Panel title="Secret">
        <Stack gap="sm" align="flex-start">
          <Note>
            Deliveries are signed with it. After rotating, both secrets sign for 24 hours, so that nothing is refused
            meanwhile.
          </Note>
          <Group>
            <AllowedButton
              needs={MAY.editWebhooks}
              variant="default"
              leftSection={<IconRefresh size={16} aria-hidden />}
              onClick={() => setDialog("rotate")}
            >
              Rotate the secret
            </AllowedButton>
            <AllowedButton needs={MAY.editWebhooks} variant="light" color="red" onClick={() => setDialog("remove")}>
              Remove the endpoint
            </AllowedButton>
          </Group>
        </Stack>
      </Panel>
      {dialog === "edit" && <EndpointForm webhook={webhook} onClose={() => setDialog(null)} onChanged={changed} />}
      <Confirm
        opened={dialog === "rotate"}
        title="Rotate the secret"
        action="Rotate"
        onClose={() => setDialog(null)}
        onConfirm={async () => setSecret((await rotateSecret(webhook.id)).secret)}
      >
        <Text size="sm">You get a new secret, once. The one before goes on signing for 24 hours.</Text>
      </Confirm>
      <Confirm
        opened={dialog === "remove"}
        title="Remove the endpoint"
        action="Remove"
        onClose={() => setDialog(null)}
        onConfirm={async () => {
          await removeWebhook(webhook.id);
          changed();
          navigate("/webhooks");
        }}
      >
        <Text size="sm">Its log goes with it, and what was still to be sent is dropped.</Text>
      </Confirm>
      {secret !== null && (
        <SecretDialog title="The new secret" what="secret" secret={secret} onDone={() => setSecret(null)} />
      )}
    </Page>
  );
}
