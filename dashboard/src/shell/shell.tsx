import { ActionIcon, AppShell, Burger, Group, Image, NavLink, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconHelp, IconSearch } from "@tabler/icons-react";
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { Link, useLocation } from "wouter";

import { useCan } from "../api/session";
import { Notices } from "../parts/notices";
import { AccountButton } from "./account-button";
import { Closed } from "./closed";
import { ConnectionBanner } from "./connection-banner";
import { PLACES, type Place } from "./nav";
import { OnDemand } from "./on-demand";
import { placeHref, useProject } from "./place";
import { ProjectButton } from "./project-button";
import { useShortcuts } from "./shortcuts";

const Palette = lazy(() => import("./palette"));
const projectMenu = () => import("./project-menu");
const accountMenu = () => import("./account-menu");
const Help = lazy(() => import("./help"));

const inside = (location: string, href: string) => location === href || location.startsWith(`${href}/`);

export default function Shell({ children }: { children: ReactNode }) {
  const [opened, nav] = useDisclosure(false);
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const [location, navigate] = useLocation();
  const project = useProject();
  const can = useCan();
  const places = PLACES.filter((place) => (!place.project || project) && (!place.needs || can(place.needs)));
  const closed = PLACES.find(
    (place) => place.needs && !can(place.needs) && inside(location, placeHref(place, project)),
  );
  useEffect(nav.close, [location]);
  useShortcuts({
    go: (key) => {
      const place = places.find((candidate) => candidate.key === key);
      if (place) navigate(placeHref(place, project));
    },
    palette: () => setPalette(true),
    help: () => setHelp(true),
  });
  const entry = (place: Place) => {
    const href = placeHref(place, project);
    const active = place.path === "" ? location === href || location === `${href}/` : inside(location, href);
    return (
      <NavLink
        key={place.name}
        component={Link}
        href={href}
        label={place.name}
        leftSection={<place.icon size={18} aria-hidden />}
        active={active}
        aria-current={active ? "page" : undefined}
        style={{ borderRadius: "var(--mantine-radius-md)" }}
      />
    );
  };
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 232, breakpoint: "md", collapsed: { mobile: !opened } }}
      padding="lg"
    >
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap" gap="sm">
          <Group gap="sm" wrap="nowrap" miw={0}>
            <Burger
              opened={opened}
              onClick={nav.toggle}
              hiddenFrom="md"
              size="sm"
              aria-label={opened ? "Close the navigation" : "Open the navigation"}
              aria-expanded={opened}
            />
            <UnstyledButton component={Link} href="/" aria-label="Biometry, to the start">
              <Group gap={8} wrap="nowrap">
                <Image src="/dashboard/icon.svg" alt="" w={26} h={26} />
                <Text fw={700} visibleFrom="sm">
                  Biometry
                </Text>
              </Group>
            </UnstyledButton>
            <OnDemand button={(handlers) => <ProjectButton {...handlers} />} menu={projectMenu} />
          </Group>
          <Group gap={4} wrap="nowrap">
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label="Search and commands"
              title="Search and commands (Ctrl K)"
              onClick={() => setPalette(true)}
            >
              <IconSearch size={18} />
            </ActionIcon>
            <ActionIcon
              variant="subtle"
              color="gray"
              size="lg"
              aria-label="Keyboard shortcuts"
              title="Keyboard shortcuts (?)"
              onClick={() => setHelp(true)}
              visibleFrom="sm"
            >
              <IconHelp size={18} />
            </ActionIcon>
            <OnDemand button={(handlers) => <AccountButton {...handlers} />} menu={accountMenu} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label="Main">
        <AppShell.Section grow style={{ overflowY: "auto" }}>
          {places.filter((place) => place.project).map(entry)}
          <Text size="xs" fw={600} c="dimmed" px="sm" mt="md" mb={4}>
            Organisation
          </Text>
          {places.filter((place) => !place.project).map(entry)}
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <ConnectionBanner />
        <Notices />
        {closed ? <Closed place={closed} /> : children}
      </AppShell.Main>
      <Suspense>
        {palette && (
          <Palette places={places} project={project} onClose={() => setPalette(false)} onHelp={() => setHelp(true)} />
        )}
        {help && <Help places={places} onClose={() => setHelp(false)} />}
      </Suspense>
    </AppShell>
  );
}
