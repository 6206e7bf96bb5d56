import { geoGraticule10, geoNaturalEarth1, geoPath } from "d3-geo";
import { useMemo } from "react";
import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import world from "world-atlas/countries-110m.json";

import type { Fraud, Geo } from "../../api/types";

const WIDTH = 640;
const HEIGHT = 330;

const topology = world as unknown as Topology<{ land: GeometryCollection; countries: GeometryCollection }>;
const projection = geoNaturalEarth1().fitSize([WIDTH, HEIGHT], { type: "Sphere" });
const path = geoPath(projection);

/** The outlines are Natural Earth's, part of this page: no third party learns a location. */
export default function PlaceMap({ geo, fraud }: { geo: Geo; fraud: Fraud[] }) {
  const outlines = useMemo(
    () => ({
      sphere: path({ type: "Sphere" }) ?? "",
      grid: path(geoGraticule10()) ?? "",
      land: path(feature(topology, topology.objects.land)) ?? "",
      borders: path(mesh(topology, topology.objects.countries, (a, b) => a !== b)) ?? "",
    }),
    [],
  );
  const here: [number, number] = [geo.lng ?? 0, geo.lat ?? 0];
  const [x, y] = projection(here) ?? [0, 0];
  const before = origin(fraud);
  const way = before && path({ type: "LineString", coordinates: [before, here] });
  const from = before && projection(before);
  return (
    <svg
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width="100%"
      role="img"
      aria-label={`Map with a mark at latitude ${here[1]}, longitude ${here[0]}`}
      data-testid="map"
    >
      <path d={outlines.sphere} fill="var(--mantine-color-brand-light)" />
      <path d={outlines.grid} fill="none" stroke="var(--mantine-color-default-border)" strokeWidth={0.4} />
      <path d={outlines.land} fill="var(--map-land)" />
      <path d={outlines.borders} fill="none" stroke="var(--mantine-color-body)" strokeWidth={0.5} />
      {way && <path d={way} fill="none" stroke="var(--fail)" strokeWidth={1.6} strokeDasharray="5 4" />}
      {from && (
        <circle cx={from[0]} cy={from[1]} r={4} fill="var(--mantine-color-body)" stroke="var(--fail)" strokeWidth={2} />
      )}
      <circle cx={x} cy={y} r={11} fill="var(--mantine-primary-color-filled)" opacity={0.25} />
      <circle cx={x} cy={y} r={5} fill="var(--mantine-primary-color-filled)" stroke="#fff" strokeWidth={1.5} />
    </svg>
  );
}

/** Where an impossible journey began. */
function origin(fraud: Fraud[]): [number, number] | null {
  const from = fraud.find(({ rule }) => rule === "impossible_travel")?.evidence?.["from"] as
    { lat?: unknown; lng?: unknown } | undefined;
  return typeof from?.lat === "number" && typeof from.lng === "number" ? [from.lng, from.lat] : null;
}
