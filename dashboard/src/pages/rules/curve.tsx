import { Button, Group, NativeSelect, Slider, Stack, Table, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import { sentence } from "../../api/client";
import { MAY } from "../../api/permissions";
import { whatIf } from "../../api/projects";
import type { Rules } from "../../api/types";
import { AllowedButton } from "../../parts/allowed";
import { Refused } from "../../parts/form";
import { Note, Panel } from "../../parts/panel";
import { SERVICES } from "../../parts/words";
import type { Draft } from "./draft";
import { type Point, pointOf, STEPS, swept, withPass } from "./sweep";

interface Props {
  rules: Rules | null;
  draft: Draft;
  /** Which calls: as the simulation asks for them. */
  question: Record<string, unknown>;
}

/** What each place of one threshold would decide of the same past calls. */
export function Curve({ rules, draft, question }: Props) {
  const services = rules === null ? [] : swept(rules);
  const [chosen, setChosen] = useState("");
  const service = services.includes(chosen) ? chosen : (services[0] ?? "");
  const sweep = useMutation({
    mutationFn: async () => {
      if (rules === null) return [];
      const points: Point[] = [];
      // One after the other: each reads the same calls.
      for (const pass of STEPS)
        points.push(pointOf(pass, await whatIf({ ...question, rules: withPass(rules, service, pass) })));
      return points;
    },
  });
  if (services.length === 0) return null;
  return (
    <Panel title="Threshold" data-testid="curve">
      <Stack>
        <Group align="flex-end">
          <NativeSelect
            label="Service"
            value={service}
            onChange={(event) => {
              setChosen(event.currentTarget.value);
              sweep.reset();
            }}
            data={services.map((value) => ({ value, label: SERVICES[value] ?? value }))}
          />
          <AllowedButton
            needs={MAY.tryRules}
            variant="default"
            loading={sweep.isPending}
            onClick={() => sweep.mutate()}
          >
            Try every threshold
          </AllowedButton>
        </Group>
        {sweep.isError && <Refused>{sentence(sweep.error)}</Refused>}
        {sweep.data && rules && (
          <Chosen points={sweep.data} now={rules.services[service]?.pass ?? 0.5} service={service} draft={draft} />
        )}
      </Stack>
    </Panel>
  );
}

interface ChosenProps {
  points: Point[];
  now: number;
  service: string;
  draft: Draft;
}

/** The slider, the curve and what the place of the slider means. */
function Chosen({ points, now, service, draft }: ChosenProps) {
  const nearest = points.reduce((best, { pass }, at) => {
    const known = points[best]?.pass ?? 0;
    return Math.abs(pass - now) < Math.abs(known - now) ? at : best;
  }, 0);
  const [at, setAt] = useState(nearest);
  const point = points[at];
  if (point === undefined) return null;
  return (
    <>
      <Lines points={points} at={at} />
      <Slider
        value={at}
        onChange={setAt}
        min={0}
        max={points.length - 1}
        step={1}
        label={(value) => points[value]?.pass}
        thumbLabel="Pass from"
        thumbProps={{ "aria-valuetext": `pass from ${point.pass}` }}
      />
      <Text size="sm" data-testid="curve-point">
        Pass from <b className="num">{point.pass}</b>: {point.passed} pass, {point.referred} referred, {point.failed}{" "}
        fail; stops {point.stopped} rejected by reviewers, loses {point.lost} approved.
      </Text>
      <Group>
        <Button size="xs" variant="default" onClick={() => draft.setRule(service, { pass: point.pass })}>
          Use {point.pass}
        </Button>
      </Group>
      <Values points={points} />
    </>
  );
}

const WIDTH = 600;
const HEIGHT = 160;
const LINES: { key: "passed" | "referred" | "failed"; color: string; name: string }[] = [
  { key: "passed", color: "var(--pass)", name: "pass" },
  { key: "referred", color: "var(--refer)", name: "referred" },
  { key: "failed", color: "var(--fail)", name: "fail" },
];

function Lines({ points, at }: { points: Point[]; at: number }) {
  const most = Math.max(1, ...points.map(({ passed, referred, failed }) => passed + referred + failed));
  const x = (index: number) => 10 + (index * (WIDTH - 20)) / Math.max(points.length - 1, 1);
  const y = (count: number) => HEIGHT - 10 - (count * (HEIGHT - 20)) / most;
  return (
    <>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        style={{ width: "100%", maxWidth: 720, height: "auto" }}
        role="img"
        aria-label="Calls by verdict at each threshold"
      >
        <line x1={x(at)} x2={x(at)} y1={0} y2={HEIGHT} stroke="var(--mantine-color-dimmed)" strokeDasharray="4 4" />
        {LINES.map(({ key, color }) => (
          <polyline
            key={key}
            points={points.map((point, index) => `${x(index)},${y(point[key])}`).join(" ")}
            fill="none"
            stroke={color}
            strokeWidth={2.5}
          />
        ))}
      </svg>
      <Note>
        <Group gap="md">
          {LINES.map(({ key, color, name }) => (
            <Group key={key} gap={6}>
              <span style={{ width: 14, height: 3, background: color }} aria-hidden />
              {name}
            </Group>
          ))}
        </Group>
      </Note>
    </>
  );
}

function Values({ points }: { points: Point[] }) {
  return (
    <Table.ScrollContainer minWidth={460} type="native" tabIndex={0}>
      <Table aria-label="Calls by threshold" verticalSpacing={3}>
        <Table.Thead>
          <Table.Tr>
            {["Pass from", "Pass", "Referred", "Fail", "Rejected, stopped", "Approved, lost"].map((name) => (
              <Table.Th key={name} ta="right">
                {name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {points.map((point) => (
            <Table.Tr key={point.pass}>
              {[point.pass, point.passed, point.referred, point.failed, point.stopped, point.lost].map(
                (value, index) => (
                  <Table.Td key={index} ta="right" className="num">
                    {value.toLocaleString()}
                  </Table.Td>
                ),
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
