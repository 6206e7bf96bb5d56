import { Group, Text } from "@mantine/core";

import type { AppliedRule } from "../../api/types";

interface Props {
  label: string;
  /** 0 to 1, as the rules compare it. */
  score: number;
  rule: AppliedRule;
}

const percent = (share: number) => `${Math.max(0, Math.min(1, share)) * 100}%`;

/** A score on the scale of the rules, with the thresholds it was compared with. */
export function Scale({ label, score, rule: { mode, pass, refer } }: Props) {
  const verdict = score >= pass ? "pass" : score >= refer ? "refer" : "fail";
  const asked = `passes from ${pass}${refer < pass ? `, needs review from ${refer}` : ""}`;
  return (
    <div data-testid="scale" data-verdict={verdict}>
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="xs">
          {label}
          {mode === "advisory" && (
            <Text span size="xs" c="dimmed">
              {" "}
              · advisory
            </Text>
          )}
        </Text>
        <Text size="sm" className="num" fw={600}>
          {score.toFixed(3)}
        </Text>
      </Group>
      <div className="scale" role="img" aria-label={`${label}: ${score.toFixed(3)} on a scale from 0 to 1, ${asked}`}>
        <div className="scale-value" style={{ width: percent(score), background: `var(--${verdict})` }} />
        {refer < pass && <div className="scale-mark" style={{ left: percent(refer), borderStyle: "dashed" }} />}
        <div className="scale-mark" style={{ left: percent(pass) }} />
      </div>
      <Text size="xs" c="dimmed">
        {asked.charAt(0).toUpperCase() + asked.slice(1)}
      </Text>
    </div>
  );
}
