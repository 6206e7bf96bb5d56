import { Group, NativeSelect, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { diffLines } from "diff";
import { useState } from "react";

import { MAY } from "../../api/permissions";
import { ruleVersion } from "../../api/projects";
import type { Rules, RuleSet } from "../../api/types";
import { AllowedButton } from "../../parts/allowed";
import { done } from "../../parts/notify";
import { Loaded } from "../../parts/page";
import { pretty } from "./draft";

/** Two versions beside each other, line by line; an older one can be restored as the draft. */
export function Versions({ set, onTake }: { set: RuleSet; onTake: (rules: Rules) => void }) {
  const versions = set.versions ?? [];
  const [older, setOlder] = useState(Math.max(set.version - 1, 1));
  const [newer, setNewer] = useState(set.version);
  const options = versions.map(({ version, created_at }) => ({
    value: String(version),
    label: `Version ${version}, ${new Date(created_at).toLocaleString()}`,
  }));
  const query = useQuery({
    queryKey: ["rule-versions", set.scores_id, older, newer],
    staleTime: Infinity,
    queryFn: () => Promise.all([ruleVersion(set.scores_id, older), ruleVersion(set.scores_id, newer)]),
  });
  return (
    <Stack>
      <Group align="flex-end">
        <NativeSelect
          label="Before"
          data={options}
          value={String(older)}
          onChange={(event) => setOlder(Number(event.currentTarget.value))}
        />
        <NativeSelect
          label="After"
          data={options}
          value={String(newer)}
          onChange={(event) => setNewer(Number(event.currentTarget.value))}
        />
      </Group>
      <Loaded query={query}>
        {([before, after]) => (
          <Stack gap="sm" align="flex-start">
            <Diff before={pretty(before.rules)} after={pretty(after.rules)} />
            <AllowedButton
              needs={MAY.editRules}
              variant="default"
              onClick={() => {
                if (!before.rules) return;
                onTake(before.rules);
                done(`Version ${before.version} is the draft now; keep it under Edit`);
              }}
            >
              Take version {before.version} as the draft
            </AllowedButton>
          </Stack>
        )}
      </Loaded>
    </Stack>
  );
}

function Diff({ before, after }: { before: string; after: string }) {
  if (before === after)
    return (
      <Text size="sm" c="dimmed">
        These two versions say the same.
      </Text>
    );
  const marks = {
    added: { sign: "+", bg: "var(--mantine-color-green-light)", word: "added" },
    removed: { sign: "−", bg: "var(--mantine-color-red-light)", word: "removed" },
    same: { sign: " ", bg: undefined, word: "" },
  };
  return (
    <div
      className="scroll-x mono"
      style={{ width: "100%", lineHeight: 1.5 }}
      tabIndex={0}
      role="region"
      aria-label="Differences"
      data-testid="diff"
    >
      {diffLines(before, after).flatMap((part, index) => {
        const mark = part.added ? marks.added : part.removed ? marks.removed : marks.same;
        const lines = part.value.replace(/\n$/, "").split("\n");
        return (mark === marks.same ? shortened(lines) : lines).map((line, at) => (
          <div key={`${index}-${at}`} style={{ background: mark.bg, whiteSpace: "pre" }}>
            {mark.word ? (
              <span aria-label={mark.word} role="img">
                {mark.sign}
              </span>
            ) : (
              " "
            )}{" "}
            {line}
          </div>
        ));
      })}
    </div>
  );
}

/** Lines kept of what is the same, on either side of a change. */
const AROUND = 3;

/** What is the same in both, without its middle. */
function shortened(lines: string[]): string[] {
  if (lines.length <= 2 * AROUND + 1) return lines;
  const between = lines.length - 2 * AROUND;
  return [...lines.slice(0, AROUND), `⋯ ${between} lines are the same`, ...lines.slice(-AROUND)];
}
