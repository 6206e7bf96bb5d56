import "uplot/dist/uPlot.min.css";

import { useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import uPlot from "uplot";

export interface Series {
  label: string;
  /** A CSS colour; a variable is looked up when drawn. */
  color: string;
  values: (number | null)[];
}

interface Props {
  label: string;
  /** Seconds since 1970, ascending. */
  at: number[];
  series: Series[];
  stacked: boolean;
  /** Upper end of the axis, where it is known. */
  top?: number | undefined;
}

const HEIGHT = 230;
const STEPS = [1, 2, 5]
  .flatMap((step) => Array.from({ length: 9 }, (_, power) => step * 10 ** power))
  .sort((a, b) => a - b);
/** So few values are drawn as points too: one with nothing beside it makes no line. */
const LONELY = 40;

/** A time series on a canvas. */
export function Plot({ label, at, series, stacked, top }: Props) {
  const { ref: size, width } = useElementSize();
  const holder = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme("light");
  useEffect(() => {
    const node = holder.current;
    if (!node || width === 0) return;
    const style = getComputedStyle(document.documentElement);
    const resolved = (color: string) =>
      color.replace(/var\((--[\w-]+)\)/, (_, name: string) => style.getPropertyValue(name).trim() || "#888");
    const plot = new uPlot(
      options(width, series, stacked, top, resolved, ((at[1] ?? 0) - (at[0] ?? 0)) / 2),
      data(at, series, stacked),
      node,
    );
    return () => plot.destroy();
  }, [at, series, stacked, top, width, scheme]);
  return (
    <div ref={size}>
      <div ref={holder} role="img" aria-label={label} style={{ minHeight: HEIGHT }} />
    </div>
  );
}

/** Stacked: each series is drawn as the sum of itself and those before, the widest first, so that all are seen. */
function data(at: number[], series: Series[], stacked: boolean): uPlot.AlignedData {
  if (!stacked) return [at, ...series.map(({ values }) => values)];
  const sums = series.map((_, upTo) =>
    at.map((_, index) => series.slice(0, upTo + 1).reduce((sum, { values }) => sum + (values[index] ?? 0), 0)),
  );
  return [at, ...sums.reverse()];
}

function options(
  width: number,
  series: Series[],
  stacked: boolean,
  top: number | undefined,
  resolved: (color: string) => string,
  margin: number,
): uPlot.Options {
  const text = resolved("var(--mantine-color-dimmed)");
  const line = resolved("var(--mantine-color-default-border)");
  const axis: uPlot.Axis = {
    stroke: text,
    grid: { stroke: line, width: 1 },
    ticks: { show: false },
    font: "12px ui-sans-serif, system-ui, sans-serif",
  };
  const whole = series.every(({ values }) => values.every((value) => value === null || Number.isInteger(value)));
  const bars = uPlot.paths.bars?.({ size: [0.75, 40], radius: 0.12 });
  const own = (index: number) => (stacked ? series.length - 1 - index : index);
  const drawn = (stacked ? series.toReversed() : series).map(({ label, color, values }, index): uPlot.Series => {
    const stroke = resolved(color);
    const value = (_: uPlot, __: number | null, ___: number, at: number | null) =>
      at === null
        ? "–"
        : (series[own(index)]?.values[at]?.toLocaleString(undefined, { maximumFractionDigits: 1 }) ?? "–");
    return stacked && bars
      ? { label, fill: stroke, stroke, width: 0, paths: bars, points: { show: false }, value }
      : {
          label,
          stroke,
          width: 2,
          spanGaps: true,
          points: { show: values.filter((at) => at !== null).length <= LONELY, size: 6, fill: stroke },
          value,
        };
  });
  return {
    width,
    height: HEIGHT,
    padding: [8, 22, 0, 0],
    cursor: { y: false, drag: { x: false, y: false } },
    legend: { live: true },
    // Half a bucket on either side, so that the first and the last are seen whole.
    scales: {
      x: { range: (_, first, last) => [first - margin, last + margin] },
      y: { range: (_, __, highest) => [0, top ?? Math.max(highest * 1.1, 1)] },
    },
    // Time needs no lines of its own, and what is counted no halves.
    axes: [
      { ...axis, grid: { show: false } },
      { ...axis, size: 52, ...(whole && { incrs: STEPS }) },
    ],
    series: [{ label: "at", value: "{YYYY}-{MM}-{DD} {HH}:{mm}" }, ...drawn],
  };
}
