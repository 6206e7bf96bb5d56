import "@mantine/spotlight/styles.css";

import { Spotlight, type SpotlightActionData, spotlight } from "@mantine/spotlight";
import { IconFolder, IconKeyboard, IconSearch } from "@tabler/icons-react";
import { useEffect } from "react";
import { useLocation } from "wouter";

import { useMe } from "../api/session";
import type { Place } from "./nav";
import { placeHref } from "./place";

interface Props {
  places: Place[];
  project: string | undefined;
  onClose: () => void;
  onHelp: () => void;
}

/** Every page, every project and a transaction's id, by typing. */
export default function Palette({ places, project, onClose, onHelp }: Props) {
  const [, navigate] = useLocation();
  const { projects } = useMe();
  useEffect(() => spotlight.open(), []);
  const to = (href: string) => () => navigate(href);
  const actions: SpotlightActionData[] = [
    ...places.map((place) => ({
      id: place.name,
      label: place.name,
      description: place.about,
      leftSection: <place.icon size={18} aria-hidden />,
      onClick: to(placeHref(place, project)),
    })),
    ...projects
      .filter(({ id }) => id !== project)
      .map(({ id, name }) => ({
        id: `project-${id}`,
        label: `Switch to ${name}`,
        description: "Project",
        leftSection: <IconFolder size={18} aria-hidden />,
        onClick: to(`/p/${id}`),
      })),
    { id: "help", label: "Keyboard shortcuts", leftSection: <IconKeyboard size={18} aria-hidden />, onClick: onHelp },
  ];
  const filter = (query: string) => {
    const asked = query.trim().toLowerCase();
    const found = actions.filter((action) =>
      `${action.label} ${action.description ?? ""}`.toLowerCase().includes(asked),
    );
    if (/^[0-9a-f-]{32,36}$/.test(asked) && project) {
      found.unshift({
        id: "transaction",
        label: `Open transaction ${asked}`,
        onClick: to(`/p/${project}/transactions/${asked}`),
      });
    }
    return found;
  };
  return (
    <Spotlight
      actions={actions}
      filter={(query) => filter(query)}
      onSpotlightClose={onClose}
      nothingFound="Nothing found"
      attributes={{ content: { "aria-label": "Search and commands" } }}
      shortcut={null}
      limit={20}
      scrollable
      searchProps={{
        leftSection: <IconSearch size={18} aria-hidden />,
        placeholder: "Pages, projects, a transaction's id…",
        "aria-label": "Search",
      }}
    />
  );
}
