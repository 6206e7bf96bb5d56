/** A constructable style sheet: it needs no `style-src` of the page's policy. */
const CSS = `
:host {
  display: block;
  --accent: var(--scanner-accent, #1d4ed8);
  --on-accent: var(--scanner-on-accent, #fff);
  --danger: var(--scanner-danger, #b91c1c);
  --radius: var(--scanner-radius, 8px);
  font: inherit;
  color: inherit;
  line-height: 1.5;
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
.body { display: grid; gap: 12px; max-width: 640px; }
p, h2 { margin: 0; }
h2 { font-size: 1.15em; }
h2:focus { outline: none; }
button, select {
  font: inherit;
  min-height: 44px;
  padding: 8px 18px;
  border-radius: var(--radius);
  border: 1px solid currentColor;
  background: transparent;
  color: inherit;
  cursor: pointer;
  max-width: 100%;
}
select { padding: 8px; width: 100%; }
option { color: #000; background: #fff; }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button:focus-visible, select:focus-visible, video:focus-visible {
  outline: 3px solid var(--accent);
  outline-offset: 2px;
}
.row { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; }
.devices { display: grid; gap: 8px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 200px), 1fr)); }
.devices label { display: grid; gap: 2px; font-size: .875em; }
.stage {
  position: relative;
  aspect-ratio: var(--ratio, 1.3333);
  width: min(100%, 62vh * var(--ratio, 1.3333));
  background: #000;
  border-radius: var(--radius);
  overflow: hidden;
}
.stage video, .stage svg { display: block; width: 100%; height: 100%; }
.stage video.mirrored { transform: scaleX(-1); }
.stage svg { position: absolute; inset: 0; pointer-events: none; }
.stage .shade { fill: rgb(0 0 0 / .45); }
.stage .oval { fill: none; stroke: #fff; stroke-width: 3; vector-effect: non-scaling-stroke; stroke-dasharray: 8 6; }
.stage .oval.good { stroke: #4ade80; stroke-dasharray: none; }
.stage .oval.live { stroke: #f87171; stroke-dasharray: none; }
.stage .count {
  position: absolute; inset: 0; display: grid; place-items: center;
  font-size: 4em; font-weight: 700; color: #fff; text-shadow: 0 0 8px #000;
}
.hint { min-height: 1.5em; font-weight: 600; }
.quiet { opacity: .85; font-size: .9375em; }
.phrase { display: flex; flex-wrap: wrap; gap: 2px 10px; font-size: 1.5em; font-weight: 700; line-height: 1.35; }
.phrase span { padding: 0 4px; border-radius: 4px; }
.phrase .now { background: var(--accent); color: var(--on-accent); }
.phrase .said { text-decoration: underline; text-decoration-thickness: 2px; text-underline-offset: 4px; }
.level { display: flex; gap: 8px; align-items: center; font-size: .875em; }
.bar { flex: 1; height: 10px; border: 1px solid currentColor; border-radius: 5px; overflow: hidden; }
.bar div { height: 100%; width: var(--share, 0%); background: currentColor; }
.problem { border-left: 4px solid var(--danger); padding: 6px 12px; }
progress { width: 100%; height: 14px; accent-color: var(--accent); }
.unseen {
  position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap;
}
@media (prefers-reduced-motion: no-preference) {
  .bar div { transition: width .1s linear; }
}
@media (forced-colors: active) {
  .bar div, .phrase .now { forced-color-adjust: none; background: Highlight; color: HighlightText; }
}
@media (max-width: 480px) {
  .row button { flex: 1 1 100%; }
}
`;

let sheet: CSSStyleSheet | undefined;

export function styles(): CSSStyleSheet {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}
