import { Alert, Badge, Button, Group, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { renderSVG } from "uqr";

import { beginTotp, confirmTotp, disableTotp, newRecoveryCodes } from "../../api/accounts";
import { me, useMe } from "../../api/session";
import { save } from "../../api/transactions";
import { Form, REVEAL } from "../../parts/form";
import { done } from "../../parts/notify";
import { Panel } from "../../parts/panel";
import { Block } from "../../parts/secret";

type Step =
  | { at: "rest" }
  | { at: "password"; to: "on" | "codes" }
  | { at: "scan"; secret: string; url: string }
  | { at: "codes"; codes: string[] }
  | { at: "off" };

/** An authenticator app as the second factor, and the codes for when it is lost. */
export function SecondFactorCard() {
  const { user } = useMe();
  const client = useQueryClient();
  const [step, setStep] = useState<Step>({ at: "rest" });
  const rest = () => {
    setStep({ at: "rest" });
    void client.invalidateQueries({ queryKey: me.queryKey });
  };
  return (
    <Panel
      title="Second factor"
      aside={<Badge color={user.totp_enabled ? "green" : "orange"}>{user.totp_enabled ? "on" : "off"}</Badge>}
    >
      {step.at === "rest" && (
        <Stack align="flex-start">
          <Text size="sm" c="dimmed">
            With an authenticator app, a stolen password alone lets nobody in.
          </Text>
          {user.totp_enabled ? (
            <Group>
              <Button variant="default" onClick={() => setStep({ at: "password", to: "codes" })}>
                New recovery codes
              </Button>
              <Button variant="light" color="red" onClick={() => setStep({ at: "off" })}>
                Switch off
              </Button>
            </Group>
          ) : (
            <Button onClick={() => setStep({ at: "password", to: "on" })}>Switch on</Button>
          )}
        </Stack>
      )}
      {step.at === "password" && (
        <AskPassword
          onCancel={rest}
          onPassword={async (password) => {
            if (step.to === "codes") setStep({ at: "codes", codes: (await newRecoveryCodes(password)).recovery_codes });
            else {
              const { secret, otpauth_url } = await beginTotp(password);
              setStep({ at: "scan", secret, url: otpauth_url });
            }
          }}
        />
      )}
      {step.at === "scan" && (
        <Scan
          secret={step.secret}
          url={step.url}
          onCancel={rest}
          onCodes={(codes) => setStep({ at: "codes", codes })}
        />
      )}
      {step.at === "codes" && <Codes codes={step.codes} onDone={rest} />}
      {step.at === "off" && <SwitchOff onDone={rest} />}
    </Panel>
  );
}

function AskPassword({
  onPassword,
  onCancel,
}: {
  onPassword: (password: string) => Promise<void>;
  onCancel: () => void;
}) {
  const form = useForm({
    initialValues: { password: "" },
    validate: { password: (password) => (password ? null : "your password") },
  });
  return (
    <Form form={form} send={({ password }) => onPassword(password)} action="Continue" onCancel={onCancel}>
      <PasswordInput
        label="Your password"
        description="To be sure it is you"
        autoComplete="current-password"
        autoFocus
        visibilityToggleButtonProps={REVEAL}
        {...form.getInputProps("password")}
      />
    </Form>
  );
}

function Scan({
  secret,
  url,
  onCodes,
  onCancel,
}: {
  secret: string;
  url: string;
  onCodes: (codes: string[]) => void;
  onCancel: () => void;
}) {
  const form = useForm({
    initialValues: { code: "" },
    validate: { code: (code) => (/^\d{6}$/.test(code.replaceAll(" ", "")) ? null : "the six digits of your app") },
  });
  const confirm = async ({ code }: typeof form.values) =>
    onCodes((await confirmTotp(code.replaceAll(" ", ""))).recovery_codes);
  // Drawn here, of the server's own words: the secret goes to nobody else. Black on white, as cameras want it.
  const picture = `data:image/svg+xml;utf8,${encodeURIComponent(renderSVG(url, { border: 2, blackColor: "#000", whiteColor: "#fff" }))}`;
  return (
    <Form form={form} send={confirm} action="Confirm" onCancel={onCancel}>
      <Text size="sm">Scan this with your authenticator app, then type the code it shows.</Text>
      <img
        src={picture}
        alt="QR code of the secret; it also stands below as text"
        width={190}
        height={190}
        style={{ borderRadius: 8 }}
        data-testid="totp-qr"
      />
      <Block text={secret} label="Copy the secret" name="totp secret" />
      <TextInput
        label="Code"
        inputMode="numeric"
        autoComplete="one-time-code"
        maw={180}
        {...form.getInputProps("code")}
      />
    </Form>
  );
}

function Codes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  return (
    <Stack>
      <Alert color="orange" title="Keep these recovery codes">
        Each lets you in once when the app is lost. They are shown this once.
      </Alert>
      <Block text={codes.join("\n")} label="Copy the codes" name="recovery codes" />
      <Group>
        <Button onClick={onDone}>I have saved them</Button>
        <Button
          variant="default"
          onClick={() =>
            save(new Blob([`${codes.join("\n")}\n`], { type: "text/plain" }), "biometry-recovery-codes.txt")
          }
        >
          Download
        </Button>
      </Group>
    </Stack>
  );
}

function SwitchOff({ onDone }: { onDone: () => void }) {
  const form = useForm({
    initialValues: { password: "", code: "" },
    validate: {
      password: (password) => (password ? null : "your password"),
      code: (code) => (code ? null : "a code of the app, or a recovery code"),
    },
  });
  const switchOff = async ({ password, code }: typeof form.values) => {
    await disableTotp(password, code.trim());
    done("The second factor is off");
    onDone();
  };
  return (
    <Form form={form} send={switchOff} action="Switch off" color="red" onCancel={onDone}>
      <PasswordInput
        label="Your password"
        autoComplete="current-password"
        visibilityToggleButtonProps={REVEAL}
        {...form.getInputProps("password")}
      />
      <TextInput label="Code" autoComplete="one-time-code" {...form.getInputProps("code")} />
    </Form>
  );
}
