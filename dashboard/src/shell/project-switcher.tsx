import { Button, Menu, Text } from "@mantine/core";
import { IconCheck, IconPlus, IconSelector } from "@tabler/icons-react";
import { Link, useLocation } from "wouter";

import { useMe } from "../api/session";
import { useProject } from "./place";

/** The project one is in; another one opens on the same page. */
export function ProjectSwitcher() {
  const { projects, organisation } = useMe();
  const current = useProject();
  const [location, navigate] = useLocation();
  const page = /^\/p\/[^/]+(\/[a-z-]+)?/.exec(location)?.[1] ?? "";
  const name = projects.find(({ id }) => id === current)?.name ?? "No project";
  return (
    <Menu position="bottom-start" width={280}>
      <Menu.Target>
        <Button variant="default" size="sm" rightSection={<IconSelector size={15} aria-hidden />} aria-label={`Project: ${name}. Switch`} miw={0} maw={240}>
          <Text span truncate size="sm" fw={600}>{name}</Text>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{organisation.name}</Menu.Label>
        <div style={{ maxHeight: 320, overflowY: "auto" }}>
          {projects.map(({ id, name }) => (
            <Menu.Item key={id} onClick={() => navigate(`/p/${id}${page}`)} rightSection={id === current ? <IconCheck size={15} aria-label="current" /> : null}>{name}</Menu.Item>
          ))}
        </div>
        <Menu.Divider />
        <Menu.Item component={Link} href="/projects" leftSection={<IconPlus size={15} aria-hidden />}>All projects</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
