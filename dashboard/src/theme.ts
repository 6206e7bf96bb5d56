import { createTheme, type CSSVariablesResolver, DEFAULT_THEME, type MantineColorsTuple } from "@mantine/core";

/** The product's blue, dark enough at 7 for white text (5.9:1). */
const brand: MantineColorsTuple = [
  "#eef1ff",
  "#dbe1fd",
  "#b5c0f8",
  "#8d9df3",
  "#6b7fee",
  "#5469e6",
  "#4459de",
  "#3b4fd6",
  "#3141b3",
  "#26338c",
];

/** Mantine's red, its filled shades dark enough for white text (5.6:1). */
const red: MantineColorsTuple = [
  "#fff5f5",
  "#ffe3e3",
  "#ffc9c9",
  "#ffa8a8",
  "#ff8787",
  "#ff6b6b",
  "#d13438",
  "#c5282c",
  "#b3261e",
  "#9b1c16",
];

export const theme = createTheme({
  colors: { brand, red },
  primaryColor: "brand",
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  luminanceThreshold: 0.42,
  defaultRadius: "md",
  cursorType: "pointer",
  fontFamily: 'ui-sans-serif, system-ui, -apple-system, "Segoe UI", "Liberation Sans", "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, "Liberation Mono", "DejaVu Sans Mono", monospace',
  headings: { fontWeight: "650" },
  components: {
    Table: { defaultProps: { verticalSpacing: "xs", highlightOnHover: true } },
    Tooltip: {
      defaultProps: { withArrow: true, multiline: true, maw: 320, events: { hover: true, focus: true, touch: true } },
    },
    Badge: { defaultProps: { variant: "light", radius: "sm", tt: "none", fw: 600 } },
    Modal: { defaultProps: { centered: true, closeButtonProps: { "aria-label": "Close" } } },
    Drawer: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
    Card: { defaultProps: { withBorder: true, radius: "md", padding: "md" } },
    Paper: { defaultProps: { withBorder: true, radius: "md" } },
  },
});

const NAMES = ["brand", "gray", "red", "orange", "yellow", "green", "teal", "blue", "indigo", "violet", "grape"];

/** Text on the tints of badges and alerts, and secondary text, dark or light enough for 4.5:1. */
export const contrast: CSSVariablesResolver = () => {
  const colours: Record<string, readonly string[]> = { ...DEFAULT_THEME.colors, brand, red };
  const shade = (index: number) =>
    Object.fromEntries(
      NAMES.flatMap((name) => {
        const value = colours[name]?.[index] ?? "";
        return [
          [`--mantine-color-${name}-light-color`, value],
          [`--mantine-color-${name}-outline`, value],
          [`--mantine-color-${name}-text`, value],
        ];
      }),
    );
  return {
    variables: {},
    light: {
      ...shade(9),
      "--mantine-color-dimmed": "#545b63",
      "--mantine-color-placeholder": "#646b73",
      "--mantine-color-error": "#b3261e",
      "--mantine-color-anchor": brand[8],
      "--mantine-color-yellow-light-color": "#7a4300",
      "--mantine-color-orange-light-color": "#8f2f06",
      "--mantine-color-green-light-color": "#1d6b2d",
      "--mantine-color-teal-light-color": "#08654a",
      "--page": "#f6f7f9",
      "--map-land": "#b9c2cf",
      "--pass": "#1f7a35",
      "--refer": "#a35200",
      "--fail": "#b3261e",
    },
    dark: {
      ...shade(2),
      "--mantine-color-dimmed": "#a9b1ba",
      "--mantine-color-placeholder": "#9199a1",
      "--mantine-color-error": "#ff9d94",
      "--mantine-color-anchor": brand[2],
      "--page": "#17181b",
      "--mantine-color-gray-light": "#3a3d43",
      "--mantine-color-gray-light-hover": "#42464c",
      "--map-land": "#4a5261",
      "--pass": "#51c26b",
      "--refer": "#f0a13c",
      "--fail": "#ff7b72",
    },
  };
};
