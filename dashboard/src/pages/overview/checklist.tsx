import { Anchor, Button, CloseButton, Group, List, Paper, Text, ThemeIcon, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { IconCheck, IconCircleDashed } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "wouter";

import { MAY } from "../../api/permissions";
import { listKeys, listRules } from "../../api/projects";
import { useCan } from "../../api/session";
import { list } from "../../api/transactions";
import { listWebhooks } from "../../api/webhooks";
import { useProject } from "../../shell/place";

const HIDDEN = "biometry.checklist.hidden";
/** How often the server is asked what it saw, while something is missing. */
const ASK_AGAIN_MS = 5_000;

interface Step {
  title: string;
  about: string;
  href: string;
  done: boolean;
}

/** The steps of an integration, each ticked by what the server saw. Gone when all are done, or when somebody hides it. */
export function Checklist() {
  const project = useProject() ?? "";
  const [hidden, setHidden] = useState(() => localStorage.getItem(HIDDEN)?.split(" ").includes(project) ?? false);
  const steps = useSteps(project, !hidden);
  if (hidden || !steps || steps.every(({ done }) => done)) return null;
  const hide = () => {
    localStorage.setItem(HIDDEN, `${localStorage.getItem(HIDDEN) ?? ""} ${project}`.trim());
    setHidden(true);
  };
  return (
    <Paper p="md" data-testid="checklist">
      <Group justify="space-between" mb="xs" wrap="nowrap">
        <Title order={2} size="h4">
          Get started: {steps.filter(({ done }) => done).length} of {steps.length} done
        </Title>
        <CloseButton aria-label="Hide the checklist" onClick={hide} />
      </Group>
      <List spacing="sm" center listStyleType="none">
        {steps.map(({ title, about, href, done }) => (
          <List.Item
            key={title}
            data-step={title}
            data-done={done}
            icon={
              <ThemeIcon color={done ? "green" : "gray"} variant="light" radius="xl" size="sm">
                {done ? (
                  <IconCheck size={14} role="img" aria-label="done" />
                ) : (
                  <IconCircleDashed size={14} role="img" aria-label="to do" />
                )}
              </ThemeIcon>
            }
          >
            <Anchor component={Link} href={href} size="sm" fw={600}>
              {title}
            </Anchor>
            <Text size="sm" c="dimmed">
              {about}
            </Text>
          </List.Item>
        ))}
      </List>
      <Group mt="md">
        <Button component={Link} href="/try-it" size="compact-sm">
          Try it with your camera
        </Button>
        <Button component="a" href="/docs" target="_blank" rel="noreferrer" size="compact-sm" variant="default">
          API reference
        </Button>
      </Group>
    </Paper>
  );
}

/** Those somebody of this role may see; none before the server answered. */
function useSteps(project: string, wanted: boolean): Step[] | null {
  const can = useCan();
  const [keys, webhooks, rules] = [can(MAY.seeKeys), can(MAY.seeWebhooks), can(MAY.tryRules)];
  const happened = async (kind: string) => (await list({ kind, limit: "1" }, "")).data.length > 0;
  const { data } = useQuery({
    queryKey: ["checklist", project],
    enabled: wanted,
    refetchInterval: (query) =>
      Object.values(query.state.data ?? { none: false }).every(Boolean) ? false : ASK_AGAIN_MS,
    queryFn: async () => ({
      key: !keys || (await listKeys("")).data.some(({ last_used_at }) => Boolean(last_used_at)),
      consent: await happened("consent"),
      video: await happened("process_video"),
      webhook: !webhooks || (await listWebhooks()).length > 0,
      rules: !rules || (await listRules()).data.length > 0,
    }),
  });
  if (!data) return null;
  return [
    ...(keys
      ? [
          {
            title: "Make a call with an API key",
            about: "Create a key; it comes with code to run.",
            href: "/keys",
            done: data.key,
          },
        ]
      : []),
    {
      title: "Record a consent",
      about: "POST /api-consent/consent: without it nobody is compared.",
      href: "/subjects",
      done: data.consent,
    },
    {
      title: "Judge the first video",
      about: "POST /api-gateway/process-video, or try it with your camera.",
      href: "/transactions",
      done: data.video,
    },
    ...(webhooks
      ? [
          {
            title: "Add a webhook",
            about: "Your backend receives an event for every decision.",
            href: "/webhooks",
            done: data.webhook,
          },
        ]
      : []),
    ...(rules
      ? [
          {
            title: "Choose your rules",
            about: "Which services decide, and from which score on.",
            href: "/rules",
            done: data.rules,
          },
        ]
      : []),
  ];
}
