import { type ComponentType, lazy, type ReactNode, Suspense, useMemo, useState } from "react";

interface Props {
  /** Draws the button that opens the menu. */
  button: (handlers: {
    onClick: () => void;
    onPointerEnter: () => void;
    onFocus: () => void;
    "aria-haspopup": "menu";
  }) => ReactNode;
  /** The menu with its own button, open from the start. */
  menu: () => Promise<{ default: ComponentType }>;
}

/** A menu whose parts are loaded when somebody is about to open it, so that the first page is not made heavy by it. */
export function OnDemand({ button, menu }: Props) {
  const [wanted, setWanted] = useState(false);
  const Menu = useMemo(() => lazy(menu), [menu]);
  const soon = () => void menu().catch(() => undefined);
  const closed = button({
    onClick: () => setWanted(true),
    onPointerEnter: soon,
    onFocus: soon,
    "aria-haspopup": "menu",
  });
  return wanted ? (
    <Suspense fallback={closed}>
      <Menu />
    </Suspense>
  ) : (
    closed
  );
}
