/** Where one can go: the navigation, the palette and the `g` shortcuts are all made of this list. */

import {
  IconActivityHeartbeat,
  IconBolt,
  IconChartHistogram,
  IconChecklist,
  IconCoins,
  IconFolders,
  IconHistory,
  IconKey,
  IconListDetails,
  IconScale,
  IconSettings,
  IconShieldExclamation,
  IconShieldLock,
  IconUserSearch,
  IconUsers,
  IconVideo,
} from "@tabler/icons-react";
import type { ComponentType } from "react";

import { MAY } from "../api/permissions";
import type { Permission } from "../api/types";

export interface Place {
  name: string;
  /** Under the project where `project`, else under the dashboard. */
  path: string;
  project: boolean;
  icon: ComponentType<{ size?: number; "aria-hidden"?: boolean }>;
  /** The letter after `g`. */
  key: string;
  /** What it takes to see the page at all; absent: nothing. */
  needs?: Permission;
  about: string;
}

export const PLACES: Place[] = [
  {
    name: "Overview",
    path: "",
    project: true,
    icon: IconChartHistogram,
    key: "o",
    about: "Volume, pass rate, latency and reasons",
  },
  {
    name: "Transactions",
    path: "/transactions",
    project: true,
    icon: IconListDetails,
    key: "t",
    about: "What happened, live",
  },
  {
    name: "Reviews",
    path: "/reviews",
    project: true,
    icon: IconChecklist,
    key: "v",
    about: "What waits for people to decide",
  },
  {
    name: "Fraud",
    path: "/fraud",
    project: true,
    icon: IconShieldExclamation,
    key: "f",
    about: "Attacks, what they share, block lists",
  },
  {
    name: "Subjects",
    path: "/subjects",
    project: true,
    icon: IconUserSearch,
    key: "s",
    needs: MAY.seeSubjects,
    about: "Consents, templates, erasure",
  },
  {
    name: "Try it",
    path: "/try-it",
    project: true,
    icon: IconVideo,
    key: "i",
    needs: MAY.tryIt,
    about: "Record a video and see the decision",
  },
  { name: "Scoring rules", path: "/rules", project: true, icon: IconScale, key: "r", about: "What makes a pass" },
  {
    name: "API keys",
    path: "/keys",
    project: true,
    icon: IconKey,
    key: "k",
    needs: MAY.seeKeys,
    about: "Who may call the API",
  },
  {
    name: "Webhooks",
    path: "/webhooks",
    project: true,
    icon: IconBolt,
    key: "w",
    needs: MAY.seeWebhooks,
    about: "Events sent to your systems",
  },
  {
    name: "Credits",
    path: "/credits",
    project: true,
    icon: IconCoins,
    key: "c",
    about: "Plan, balance and prices of calls",
  },
  {
    name: "Project settings",
    path: "/settings",
    project: true,
    icon: IconSettings,
    key: "p",
    about: "Services, limits, origins, retention",
  },
  {
    name: "Projects",
    path: "/projects",
    project: false,
    icon: IconFolders,
    key: "l",
    about: "All projects of the organisation",
  },
  {
    name: "Team",
    path: "/team",
    project: false,
    icon: IconUsers,
    key: "m",
    needs: MAY.seeUsers,
    about: "People, roles, invitations",
  },
  {
    name: "Audit log",
    path: "/audit",
    project: false,
    icon: IconHistory,
    key: "a",
    needs: MAY.seeAudit,
    about: "Who changed what",
  },
  {
    name: "Operations",
    path: "/operations",
    project: false,
    icon: IconActivityHeartbeat,
    key: "h",
    needs: MAY.seeOperations,
    about: "Health of the server",
  },
  {
    name: "Your security",
    path: "/security",
    project: false,
    icon: IconShieldLock,
    key: "y",
    about: "Password, second factor, sessions",
  },
];
