import { type Button, NumberInput, Switch } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ComponentProps } from "react";

import { MAY } from "../../api/permissions";
import { putReviewSettings, reviewSettings, type ReviewSettings } from "../../api/reviews";
import { useCan } from "../../api/session";
import { AllowedButton } from "../../parts/allowed";
import { Form } from "../../parts/form";
import { done } from "../../parts/notify";
import { Loaded } from "../../parts/page";
import { Panel } from "../../parts/panel";

/** How the project reviews. */
export function ReviewsSettings({ project }: { project: string }) {
  const settings = useQuery({
    queryKey: ["review-settings", project],
    queryFn: reviewSettings,
    refetchOnWindowFocus: false,
  });
  return (
    <Loaded query={settings} lines={2}>
      {(found) => <ReviewForm settings={found} project={project} />}
    </Loaded>
  );
}

const Save = (props: ComponentProps<typeof Button>) => <AllowedButton needs={MAY.editProjects} {...props} />;

function ReviewForm({ settings, project }: { settings: ReviewSettings; project: string }) {
  const client = useQueryClient();
  const readOnly = !useCan()(MAY.editProjects);
  const { four_eyes, target_minutes, lease_minutes } = settings;
  const range = (most: number) => (value: number) =>
    Number.isInteger(value) && value >= 1 && value <= most ? null : `1 to ${most} minutes`;
  const form = useForm({
    initialValues: { four_eyes, target_minutes, lease_minutes },
    validate: { target_minutes: range(129_600), lease_minutes: range(480) },
  });
  const keep = async (values: typeof form.values) => {
    await putReviewSettings(values);
    await client.invalidateQueries({ queryKey: ["review-settings", project] });
    done("The settings are saved");
  };
  return (
    <Panel title="Reviews">
      <Form form={form} send={keep} action="Save how reviews are made" button={Save} maw={640}>
        <Switch
          label="Two people must decide the same"
          disabled={readOnly}
          {...form.getInputProps("four_eyes", { type: "checkbox" })}
        />
        <NumberInput
          label="Target, minutes"
          description="A review that is open longer is overdue"
          clampBehavior="none"
          allowDecimal={false}
          readOnly={readOnly}
          {...form.getInputProps("target_minutes")}
        />
        <NumberInput
          label="Claim, minutes"
          description="How long a review stays reserved for one reviewer"
          clampBehavior="none"
          allowDecimal={false}
          readOnly={readOnly}
          {...form.getInputProps("lease_minutes")}
        />
      </Form>
    </Panel>
  );
}
