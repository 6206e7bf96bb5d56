import { Alert, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Link } from "wouter";

import { useReasons } from "../../api/reasons";
import type { Fraud } from "../../api/types";
import { When } from "../../parts/time";
import { words } from "../../parts/words";

const ID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

/** The fraud rules that fired, with what they rest on. The decision of the call is not changed by them. */
export function FraudHits({ hits }: { hits: Fraud[] }) {
  const explain = useReasons();
  return (
    <Stack gap="sm" data-testid="fraud">
      {hits.map(({ rule, evidence, at }) => (
        <Alert key={rule} color="red" icon={<IconAlertTriangle />} title={explain(rule).title}>
          {explain(rule).explanation && <Text size="sm">{explain(rule).explanation}</Text>}
          <Text size="sm" className="any">
            {Object.entries(evidence ?? {}).map(([name, value], index) => (
              <span key={name}>
                {index > 0 && " · "}
                {words(name)}: <Evidence value={value} />
              </span>
            ))}
          </Text>
          <Text size="xs" mt={4}>
            <When at={at} />
          </Text>
        </Alert>
      ))}
    </Stack>
  );
}

/** Numbers and words as they are; ids of transactions as links. */
function Evidence({ value }: { value: unknown }): React.ReactNode {
  if (typeof value === "string" && ID.test(value))
    return <Link href={`/transactions/${value}`}>…{value.slice(-8)}</Link>;
  if (Array.isArray(value))
    return value.map((item, index) => (
      <span key={index}>
        {index > 0 && ", "}
        <Evidence value={item} />
      </span>
    ));
  if (typeof value === "object" && value !== null)
    return Object.entries(value).map(([name, item], index) => (
      <span key={name}>
        {index > 0 && ", "}
        {name} <Evidence value={item} />
      </span>
    ));
  return typeof value === "number" ? value.toLocaleString(undefined, { maximumFractionDigits: 2 }) : String(value);
}
