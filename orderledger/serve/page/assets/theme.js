// Dark, light, or as the system says. The choice is kept in this browser.
import { effect, signal } from "./ui.js";

const KEPT = "orderledger.theme";
const THEMES = ["system", "dark", "light"];
export const SIGNS = { system: "◐", dark: "☾", light: "☀" };

export const theme = signal(THEMES.includes(localStorage.getItem(KEPT)) ? localStorage.getItem(KEPT) : "system");
effect(() => {
  localStorage.setItem(KEPT, theme.value);
  document.documentElement.dataset.theme = theme.value;
});

export function nextTheme() {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length];
}
