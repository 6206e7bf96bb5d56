import { useLocation, useRouter } from "wouter";

import { useMe } from "../api/session";
import type { Place } from "./nav";

/** Where the browser keeps which project one was in. */
export const LAST_PROJECT = "biometry.project";

/** The project the address names, else the one of last time, else the first. */
export function useProject(): string | undefined {
  // Inside of a project the location is that after its base.
  const { base } = useRouter();
  const [location] = useLocation();
  const { projects } = useMe();
  const named = /\/p\/([^/]+)/.exec(base + location)?.[1];
  const known = (id: string | null | undefined) => projects.find((project) => project.id === id)?.id;
  return known(named) ?? known(localStorage.getItem(LAST_PROJECT)) ?? projects[0]?.id;
}

export function placeHref(place: Place, project: string | undefined): string {
  return place.project ? `/p/${project}${place.path}` : place.path;
}
