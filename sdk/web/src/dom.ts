/** Elements without markup, so that no text is ever read as HTML. */

type Child = Node | string | null | undefined | false;

/** An element; properties are attributes, functions are listeners, `false` and `null` are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number | boolean | null | ((event: Event) => void)> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, String(value));
  }
  element.append(
    ...children.filter((child): child is Node | string => child !== null && child !== undefined && child !== false),
  );
  return element;
}

export function button(text: string, part: "primary" | "secondary", onClick: () => void): HTMLButtonElement {
  return h(
    "button",
    {
      type: "button",
      part: `button ${part}`,
      class: part,
      click: onClick,
      // A key that is held down presses once: the next view has its button in the same place.
      keydown: (event) => void ((event as KeyboardEvent).repeat && event.preventDefault()),
    },
    text,
  );
}
