import { Button, Checkbox, Group, Paper, Stack, Stepper, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconCamera, IconRefresh } from "@tabler/icons-react";
import { useCallback, useState } from "react";

import { MAY } from "../../api/permissions";
import { useMe } from "../../api/session";
import type { TriedOut } from "../../api/try-it";
import { AllowedButton } from "../../parts/allowed";
import { Page } from "../../parts/page";
import { randomPhrase } from "./phrase";
import { Result } from "./result";
import { Scanner } from "./scanner";

/** The fastest way to see the product work: record oneself, see the decision. */
export default function TryIt() {
  const me = useMe().user;
  const [agreed, setAgreed] = useState(false);
  const [answer, setAnswer] = useState<TriedOut | null>(null);
  const [ready, setReady] = useState(false);
  const [phrase, setPhrase] = useState(() => randomPhrase());
  const form = useForm({
    initialValues: { name: me.name, agreed: false, keep: false },
    validate: {
      name: (name) => (name.trim() ? null : "whom the recording shows"),
      agreed: (agreed) => (agreed ? null : "without this, faces and voices are not processed"),
    },
  });
  const renewPhrase = useCallback(() => setPhrase(randomPhrase()), []);
  const restart = () => {
    setAnswer(null);
    renewPhrase();
  };
  const step = answer ? 3 : agreed ? 1 : 0;
  return (
    <Page
      title="Try it"
      about="Record yourself saying a few words. The video goes through this project as one of your backend's would, and you see the decision with every reason."
    >
      <Stepper active={step} size="sm" aria-label="Steps" visibleFrom="sm" allowNextStepsSelect={false}>
        <Stepper.Step label="Agree" />
        <Stepper.Step label="Record" />
        <Stepper.Step label="Decision" />
      </Stepper>
      {step === 0 && (
        <Paper p="md" component="form" onSubmit={form.onSubmit(() => setAgreed(true))} noValidate>
          <Stack maw={560}>
            <TextInput
              label="Your name"
              description="Who is in the recording; kept as try-it:<name>, apart from your customers"
              {...form.getInputProps("name")}
            />
            <Checkbox
              label="I agree that my face and voice in this recording are processed"
              {...form.getInputProps("agreed", { type: "checkbox" })}
            />
            <Checkbox
              label="Also keep the recording and templates, so that I am recognised next time"
              description="You can withdraw this and erase everything under Subjects"
              {...form.getInputProps("keep", { type: "checkbox" })}
            />
            <Group>
              <AllowedButton needs={MAY.tryIt} type="submit" leftSection={<IconCamera size={16} aria-hidden />}>
                Open the camera
              </AllowedButton>
            </Group>
          </Stack>
        </Paper>
      )}
      {step === 1 && (
        <Paper p="md">
          <Stack>
            <Scanner
              phrase={phrase}
              user={form.values.name.trim()}
              keep={form.values.keep}
              onAnswer={setAnswer}
              onRetake={renewPhrase}
              onReady={setReady}
            />
            {ready && (
              <Group>
                <Button variant="default" leftSection={<IconRefresh size={16} aria-hidden />} onClick={renewPhrase}>
                  Another phrase
                </Button>
              </Group>
            )}
            <Text size="sm" c="dimmed">
              One person in view, light from the front, no background noise. The recording ends after the last word.
            </Text>
          </Stack>
        </Paper>
      )}
      {answer && <Result answer={answer} onAgain={restart} />}
    </Page>
  );
}
