import { Button, ColorInput, FileButton, Group, Image, NativeSelect, TagsInput, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import type { ComponentProps } from "react";

import { MAY } from "../../api/permissions";
import { type PageTheme, pageTheme, putPageTheme } from "../../api/projects";
import { useCan } from "../../api/session";
import { AllowedButton } from "../../parts/allowed";
import { Form } from "../../parts/form";
import { done } from "../../parts/notify";
import { Loaded } from "../../parts/page";
import { Note, Panel } from "../../parts/panel";

/** How the pages look that this server shows to the persons a customer sends here. */
export function Pages({ project }: { project: string }) {
  const theme = useQuery({ queryKey: ["page-theme", project], queryFn: pageTheme, refetchOnWindowFocus: false });
  return (
    <Loaded query={theme} lines={3}>
      {(found) => <ThemeForm theme={found} project={project} />}
    </Loaded>
  );
}

const Save = (props: ComponentProps<typeof Button>) => <AllowedButton needs={MAY.editProjects} {...props} />;

function ThemeForm({ theme, project }: { theme: PageTheme; project: string }) {
  const client = useQueryClient();
  const readOnly = !useCan()(MAY.editProjects);
  const { name, accent, language, redirect_url, frame_ancestors, logo } = theme;
  const form = useForm({ initialValues: { name, accent, language, redirect_url, frame_ancestors, logo } });
  const keep = async (values: typeof form.values) => {
    await putPageTheme(values);
    form.resetDirty();
    await client.invalidateQueries({ queryKey: ["page-theme", project] });
    done("The pages are saved");
  };
  return (
    <Panel title="Verification pages">
      <Form form={form} send={keep} action="Save the pages" button={Save} maw={640}>
        <Note>
          The capture page of the Identity Verification API (<code>/verif/</code>) and the liveness page of Verifik's
          links.
        </Note>
        <TextInput label="Company name" maxLength={80} disabled={readOnly} {...form.getInputProps("name")} />
        <ColorInput
          label="Colour of buttons"
          placeholder="The default"
          format="hex"
          eyeDropperButtonProps={{ "aria-label": "Pick a colour from the screen" }}
          disabled={readOnly}
          {...form.getInputProps("accent")}
        />
        <NativeSelect
          label="Language"
          disabled={readOnly}
          data={[
            { value: "", label: "The browser's" },
            { value: "en", label: "English" },
            { value: "es", label: "Spanish" },
            { value: "de", label: "German" },
          ]}
          {...form.getInputProps("language")}
        />
        <TextInput
          label="Where the person goes afterwards"
          placeholder="https://example.org/welcome"
          disabled={readOnly}
          {...form.getInputProps("redirect_url")}
        />
        <TagsInput
          label="Pages that may show it in a frame"
          placeholder="https://app.example.org"
          disabled={readOnly}
          {...form.getInputProps("frame_ancestors")}
        />
        <Group align="end">
          {form.values.logo !== "" && (
            <Image src={form.values.logo} alt="Logo" h={40} w="auto" maw={200} fit="contain" />
          )}
          <FileButton
            accept="image/png,image/jpeg,image/webp"
            disabled={readOnly}
            onChange={(file) => file && dataUri(file).then((uri) => form.setFieldValue("logo", uri))}
          >
            {(props) => (
              <Button variant="default" disabled={readOnly} {...props}>
                Choose a logo
              </Button>
            )}
          </FileButton>
          {form.values.logo !== "" && !readOnly && (
            <Button variant="subtle" onClick={() => form.setFieldValue("logo", "")}>
              Remove the logo
            </Button>
          )}
        </Group>
        {form.errors.logo && (
          <Text c="red" size="sm" role="alert">
            {form.errors.logo}
          </Text>
        )}
      </Form>
    </Panel>
  );
}

function dataUri(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error("the file cannot be read"));
    reader.readAsDataURL(file);
  });
}
