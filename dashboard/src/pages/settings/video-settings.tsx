import { type Button, NativeSelect } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ComponentProps } from "react";

import { MAY } from "../../api/permissions";
import { putVideoSettings, type VideoSettings, videoSettings } from "../../api/projects";
import { useCan } from "../../api/session";
import { AllowedButton } from "../../parts/allowed";
import { Form } from "../../parts/form";
import { done } from "../../parts/notify";
import { Loaded } from "../../parts/page";
import { Note, Panel } from "../../parts/panel";

/** What the project asks of videos: whose phrase, and where a recording counts as used before. */
export function Videos({ project }: { project: string }) {
  const settings = useQuery({
    queryKey: ["video-settings", project],
    queryFn: videoSettings,
    refetchOnWindowFocus: false,
  });
  return (
    <Loaded query={settings} lines={2}>
      {(found) => <VideoForm settings={found} project={project} />}
    </Loaded>
  );
}

const Save = (props: ComponentProps<typeof Button>) => <AllowedButton needs={MAY.editProjects} {...props} />;

function VideoForm({ settings, project }: { settings: VideoSettings; project: string }) {
  const client = useQueryClient();
  const can = useCan();
  const readOnly = !can(MAY.editProjects);
  const { challenge, challenge_phrase, replay_scope, replays } = settings;
  const form = useForm({ initialValues: { challenge, challenge_phrase, replay_scope, replays } });
  const keep = async (values: typeof form.values) => {
    await putVideoSettings(values);
    await client.invalidateQueries({ queryKey: ["video-settings", project] });
    done("The settings are saved");
  };
  return (
    <Panel title="Videos">
      <Form form={form} send={keep} action="Save requirements for videos" button={Save} maw={640}>
        <Note>
          With a challenge the server chooses what is to be said, for minutes and for one video: a recording that is
          older than its session does not have it.
        </Note>
        <NativeSelect
          label="Challenge"
          disabled={readOnly}
          data={[
            { value: "optional", label: "Optional: without one the evidence says so" },
            { value: "required", label: "Required: videos without one are refused" },
          ]}
          {...form.getInputProps("challenge")}
        />
        <NativeSelect
          label="Phrase of a challenge"
          disabled={readOnly}
          data={[
            { value: "digits", label: "Seven digits" },
            { value: "words", label: "Four words" },
          ]}
          {...form.getInputProps("challenge_phrase")}
        />
        <NativeSelect
          label="A recording that was used before"
          description="Where the scoring rules do not say it"
          disabled={readOnly}
          data={[
            { value: "fail", label: "Fails" },
            { value: "refer", label: "Is referred to a person" },
            { value: "report", label: "Is reported in the reasons" },
            { value: "off", label: "Is not looked at" },
          ]}
          {...form.getInputProps("replays")}
        />
        <NativeSelect
          label="A recording counts as used before"
          description={can(MAY.makeOwners) ? undefined : "Only an owner can let other projects count"}
          disabled={readOnly}
          data={[
            { value: "project", label: "In this project" },
            {
              value: "organisation",
              label: "In the projects of the organisation that chose this as well",
              disabled: !can(MAY.makeOwners),
            },
          ]}
          {...form.getInputProps("replay_scope")}
        />
      </Form>
    </Panel>
  );
}
