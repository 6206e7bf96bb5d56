import { Tooltip } from "@mantine/core";

const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const short = new Intl.DateTimeFormat(undefined, {
  day: "2-digit",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** `3 minutes ago`; within a minute `just now`. */
export function ago(at: string, now = Date.now()): string {
  const seconds = (Date.parse(at) - now) / 1000;
  const unit = UNITS.find(([, size]) => Math.abs(seconds) >= size);
  return unit ? relative.format(Math.trunc(seconds / unit[1]), unit[0]) : seconds > 5 ? "in a moment" : "just now";
}

/** A moment; the other notation on hover. */
export function When({ at, distance = false }: { at: string | null | undefined; distance?: boolean }) {
  if (!at) return <span>–</span>;
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return <span>{at}</span>;
  return (
    <Tooltip label={distance ? full.format(date) : ago(at)} events={{ hover: true, focus: false, touch: false }}>
      <time dateTime={at} className="num nowrap">
        {distance ? ago(at) : short.format(date)}
      </time>
    </Tooltip>
  );
}
