// Keyboard shortcuts, and the dialog that lists them.
import { html, signal } from "./ui.js";
import { go, link, PAGES } from "./router.js";
import { Dialog } from "./parts.js";
import { nextTheme } from "./theme.js";
import { backToNow, showsTimes } from "./time_travel.js";

export const showsHelp = signal(false);

const ACTIONS = [
  ...PAGES.map(({ name, title, key }) => ({ key, text: title, act: () => go(link(name)) })),
  { key: "/", text: "Search, or the first filter", act: () => document.querySelector("main input")?.focus() },
  { key: "g", text: "Go to the table", act: () => document.querySelector("main [role=grid]")?.focus() },
  { key: "t", text: "Time travel", act: () => (showsTimes.value = !showsTimes.value) },
  { key: "n", text: "Back to now", act: () => backToNow() },
  { key: "d", text: "Theme: system, dark, light", act: () => nextTheme() },
  { key: "?", text: "This list", act: () => (showsHelp.value = true) },
];

const IN_TABLES = [["↑ ↓", "Row before, row after"], ["Page ↑ ↓", "A screen up, down"], ["Home, End", "First row, last row"], ["Enter", "Open the row"]];

/** Single keys act everywhere but in fields. Escape leaves a field. */
export function listen() {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.matches("input:not([type=range]), textarea, select")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    const action = ACTIONS.find(({ key }) => key === event.key);
    if (!action) return;
    event.preventDefault();
    action.act();
  });
}

export function Help() {
  if (!showsHelp.value) return "";
  const close = () => (showsHelp.value = false);
  return html`<${Dialog} title="Keyboard shortcuts" onClose=${close}>
    <dl class="keys">${ACTIONS.map(({ key, text }) => html`<div><dt><kbd>${key}</kbd></dt><dd>${text}</dd></div>`)}
      ${IN_TABLES.map(([key, text]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${text}, in a table</dd></div>`)}</dl>
    <button type="button" class="primary" onClick=${close} autofocus>Close</button>
  </${Dialog}>`;
}
