import { Group, Progress, Stack, Text } from "@mantine/core";

import { useReasons } from "../../api/reasons";
import type { Bucket } from "../../api/stats";
import { Note, Panel } from "../../parts/panel";
import { topReasons } from "./sums";

/** What spoke against a pass or kept from judging, the most frequent first. */
export function Reasons({ buckets, complete }: { buckets: Bucket[]; complete: boolean }) {
  const explain = useReasons();
  const reasons = topReasons(buckets, 10, explain);
  const most = reasons[0]?.[1] ?? 1;
  return (
    <Panel title="Most frequent reasons">
      {!complete && (
        <Text size="sm" c="dimmed" mb="sm">
          Counted in the newest decisions of this time alone; there are very many.
        </Text>
      )}
      {reasons.length === 0 ? (
        <Note>Nothing spoke against any call.</Note>
      ) : (
        <Stack gap={8}>
          {reasons.map(([reason, count]) => (
            <Group key={reason} gap="sm" wrap="nowrap">
              <Text size="sm" w={{ base: 150, sm: 220 }}>
                {explain(reason).title}
              </Text>
              <Progress
                value={(count / most) * 100}
                flex={1}
                color="brand"
                aria-label={`${explain(reason).title}: ${count}`}
              />
              <Text size="sm" fw={600} className="num" w={56} ta="right">
                {count.toLocaleString()}
              </Text>
            </Group>
          ))}
        </Stack>
      )}
    </Panel>
  );
}
