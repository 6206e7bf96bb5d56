import { NativeSelect, NumberInput, SimpleGrid, TagsInput, Title } from "@mantine/core";

import type { DocumentRules } from "../../api/types";
import { DocumentChecks } from "./document-checks-form";
import type { Draft } from "./draft";

const TYPES = ["passport", "identity_card", "visa", "driving_licence", "travel_document"];

/** Rules for documents, as a whole and for each check. */
export function DocumentsForm({ rules, draft, readOnly }: { rules: DocumentRules; draft: Draft; readOnly: boolean }) {
  const error = (field: string) =>
    draft.validity?.valid === false && draft.validity.path?.startsWith(`documents.${field}`)
      ? draft.validity.error
      : undefined;
  const set = draft.setDocuments;
  return (
    <>
      <Title order={2} size="h4" mt="lg" mb="sm">
        Documents
      </Title>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
        <TagsInput
          label="Accepted types"
          description="None: all"
          data={TYPES}
          value={rules.types ?? []}
          onChange={(types) => set({ types })}
          error={error("types")}
          readOnly={readOnly}
        />
        <TagsInput
          label="Accepted issuing states"
          description="Three letters, such as PRT; none: all"
          value={rules.countries ?? []}
          onChange={(countries) => set({ countries: countries.map((state) => state.toUpperCase()) })}
          error={error("countries")}
          readOnly={readOnly}
        />
        <NativeSelect
          label="Expired documents"
          data={[
            { value: "fail", label: "Fail" },
            { value: "refer", label: "Refer to a person" },
          ]}
          value={rules.expired ?? "fail"}
          onChange={(event) => set({ expired: event.currentTarget.value as "fail" | "refer" })}
          error={error("expired")}
          disabled={readOnly}
        />
        <NumberInput
          label="Advisory failures that refer"
          min={1}
          max={20}
          value={rules.doubts ?? 2}
          onChange={(doubts) => set({ doubts: Number(doubts) })}
          error={error("doubts")}
          readOnly={readOnly}
        />
        <NumberInput
          label="Live face: pass from"
          min={0}
          max={1}
          step={0.05}
          clampBehavior="none"
          value={rules.live_face?.pass ?? 0.5}
          onChange={(pass) => set({ live_face: { ...rules.live_face, pass: Number(pass) } })}
          error={error("live_face.pass")}
          readOnly={readOnly}
        />
        <NumberInput
          label="Live face: refer from"
          min={0}
          max={1}
          step={0.05}
          clampBehavior="none"
          value={rules.live_face?.refer ?? 0.05}
          onChange={(refer) => set({ live_face: { ...rules.live_face, refer: Number(refer) } })}
          error={error("live_face.refer")}
          readOnly={readOnly}
        />
      </SimpleGrid>
      <DocumentChecks rules={rules} draft={draft} readOnly={readOnly} />
    </>
  );
}
