import {
  Alert,
  Button,
  Checkbox,
  Group,
  Loader,
  Paper,
  SimpleGrid,
  Stack,
  Stepper,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { IconCamera, IconPlayerRecord, IconPlayerStop, IconRefresh } from "@tabler/icons-react";
import { useState } from "react";

import { sentence } from "../../api/client";
import { MAY } from "../../api/permissions";
import { useMe } from "../../api/session";
import { tryIt } from "../../api/try-it";
import { AllowedButton } from "../../parts/allowed";
import { Refused } from "../../parts/form";
import { Page } from "../../parts/page";
import { randomPhrase } from "./phrase";
import { useRecorder } from "./recorder";
import { Result } from "./result";

/** The fastest way to see the product work: record oneself, see the decision. */
export default function TryIt() {
  const me = useMe().user;
  const recorder = useRecorder();
  const [phrase, setPhrase] = useState(() => randomPhrase());
  const form = useForm({
    initialValues: { name: me.name, agreed: false, keep: false },
    validate: {
      name: (name) => (name.trim() ? null : "whom the recording shows"),
      agreed: (agreed) => (agreed ? null : "without this, faces and voices are not processed"),
    },
  });
  const send = useMutation({
    mutationFn: (video: Blob) => tryIt({ video, phrase, user: form.values.name.trim(), keep: form.values.keep }),
  });
  const start = form.onSubmit(() => void recorder.open());
  const restart = () => {
    send.reset();
    setPhrase(randomPhrase());
    recorder.again();
  };
  const { state } = recorder;
  const step = send.data
    ? 3
    : send.isPending
      ? 2
      : state.at === "off" || state.at === "refused" || state.at === "asking"
        ? 0
        : 1;
  return (
    <Page
      title="Try it"
      about="Record yourself saying a few words. The video goes through this project as one of your backend's would, and you see the decision with every reason."
    >
      <Stepper active={step} size="sm" aria-label="Steps" visibleFrom="sm" allowNextStepsSelect={false}>
        <Stepper.Step label="Agree" />
        <Stepper.Step label="Record" />
        <Stepper.Step label="Send" />
        <Stepper.Step label="Decision" />
      </Stepper>
      {step === 0 && (
        <Paper p="md" component="form" onSubmit={start} noValidate>
          <Stack maw={560}>
            <TextInput
              label="Your name"
              description="The subject of the recording, as X-User-Fullname would say"
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
            {state.at === "refused" && (
              <Alert color="orange" role="alert">
                {state.why}
              </Alert>
            )}
            <Group>
              <AllowedButton
                needs={MAY.tryIt}
                type="submit"
                loading={state.at === "asking"}
                leftSection={<IconCamera size={16} aria-hidden />}
              >
                Open the camera
              </AllowedButton>
            </Group>
          </Stack>
        </Paper>
      )}
      {step === 1 && (
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Paper p="md">
            {state.at === "done" ? (
              <video
                src={state.url}
                controls
                playsInline
                style={frame}
                aria-label="Your recording"
                data-testid="recording"
              />
            ) : (
              <video
                ref={recorder.preview}
                autoPlay
                muted
                playsInline
                style={{ ...frame, transform: "scaleX(-1)" }}
                aria-label="What the camera sees"
              />
            )}
          </Paper>
          <Paper p="md">
            <Stack>
              <div>
                <Text size="sm" c="dimmed">
                  Say, looking at the camera
                </Text>
                <Title order={2} size="h2" data-testid="phrase">
                  {phrase}
                </Title>
              </div>
              {state.at === "ready" && (
                <Group>
                  <Button
                    color="red"
                    leftSection={<IconPlayerRecord size={16} aria-hidden />}
                    onClick={recorder.record}
                  >
                    Record
                  </Button>
                  <Button
                    variant="default"
                    leftSection={<IconRefresh size={16} aria-hidden />}
                    onClick={() => setPhrase(randomPhrase())}
                  >
                    Another phrase
                  </Button>
                </Group>
              )}
              {state.at === "recording" && (
                <Group>
                  <Button leftSection={<IconPlayerStop size={16} aria-hidden />} onClick={recorder.stop}>
                    Stop
                  </Button>
                  <Text role="timer" className="num">
                    {state.left} s left
                  </Text>
                </Group>
              )}
              {state.at === "done" && (
                <Group>
                  <Button onClick={() => send.mutate(state.video)}>Send it</Button>
                  <Button variant="default" onClick={restart}>
                    Record again
                  </Button>
                </Group>
              )}
              {send.isError && <Refused>{sentence(send.error)}</Refused>}
              <Text size="sm" c="dimmed">
                One person in view, light from the front, no sound beside you. The recording ends by itself.
              </Text>
            </Stack>
          </Paper>
        </SimpleGrid>
      )}
      {step === 2 && (
        <Paper p="xl">
          <Group role="status">
            <Loader size="sm" />
            <Text>It is being looked at; this takes a second or two.</Text>
          </Group>
        </Paper>
      )}
      {send.data && <Result answer={send.data} onAgain={restart} />}
    </Page>
  );
}

const frame = {
  width: "100%",
  aspectRatio: "4 / 3",
  borderRadius: 8,
  background: "#000",
  objectFit: "cover",
  display: "block",
} as const;
