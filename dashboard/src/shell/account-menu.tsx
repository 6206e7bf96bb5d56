import { Menu, SegmentedControl, Text, useMantineColorScheme, VisuallyHidden } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { IconDeviceDesktop, IconLogout, IconMoon, IconShieldLock, IconSun } from "@tabler/icons-react";
import { Link, useLocation } from "wouter";

import { signOut, useMe } from "../api/session";
import { failed } from "../parts/notify";
import { ROLES } from "../parts/words";
import { AccountButton } from "./account-button";

const scheme = (name: string, icon: React.ReactNode) => (
  <>
    <span aria-hidden style={{ display: "flex", justifyContent: "center" }}>
      {icon}
    </span>
    <VisuallyHidden>{name}</VisuallyHidden>
  </>
);

/** Who is signed in, light or dark, and out. */
export default function AccountMenu() {
  const { user } = useMe();
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const leave = () => void signOut(client).then(() => navigate("/"), failed);
  return (
    <Menu position="bottom-end" width={260} closeOnItemClick={false} defaultOpened>
      <Menu.Target>
        <AccountButton />
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text fw={600} size="sm" c="var(--mantine-color-text)">
            {user.name}
          </Text>
          {user.email}
          <br />
          {ROLES[user.role].name}
        </Menu.Label>
        <Menu.Divider />
        <Menu.Item
          component={Link}
          href="/security"
          leftSection={<IconShieldLock size={15} aria-hidden />}
          closeMenuOnClick
        >
          Your security
        </Menu.Item>
        <Menu.Label>Appearance</Menu.Label>
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label="Appearance"
          value={colorScheme}
          onChange={(value) => setColorScheme(value as "light" | "dark" | "auto")}
          data={[
            { value: "light", label: scheme("Light", <IconSun size={16} />) },
            { value: "dark", label: scheme("Dark", <IconMoon size={16} />) },
            { value: "auto", label: scheme("As the system", <IconDeviceDesktop size={16} />) },
          ]}
        />
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={15} aria-hidden />} onClick={leave} closeMenuOnClick>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
