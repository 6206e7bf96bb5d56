import { Menu } from "@mantine/core";
import { IconCheck, IconPlus } from "@tabler/icons-react";
import { Link, useLocation } from "wouter";

import { useMe } from "../api/session";
import { useProject } from "./place";
import { ProjectButton } from "./project-button";

/** The project one is in; another one opens on the same page. */
export default function ProjectMenu() {
  const { projects, organisation } = useMe();
  const current = useProject();
  const [location, navigate] = useLocation();
  const page = /^\/p\/[^/]+(\/[a-z-]+)?/.exec(location)?.[1] ?? "";
  return (
    <Menu position="bottom-start" width={280} defaultOpened>
      <Menu.Target>
        <ProjectButton />
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{organisation.name}</Menu.Label>
        <div style={{ maxHeight: 320, overflowY: "auto" }}>
          {projects.map(({ id, name }) => (
            <Menu.Item
              key={id}
              onClick={() => navigate(`/p/${id}${page}`)}
              rightSection={id === current ? <IconCheck size={15} aria-label="current" /> : null}
            >
              {name}
            </Menu.Item>
          ))}
        </div>
        <Menu.Divider />
        <Menu.Item component={Link} href="/projects" leftSection={<IconPlus size={15} aria-hidden />}>
          All projects
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
