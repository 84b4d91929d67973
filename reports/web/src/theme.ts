// Colours come from the style sheet's custom properties, so that charts and page cannot disagree.
import { storeTheme, type Theme } from "./theme_choice";

export interface Palette {
  ink: string;
  muted: string;
  grid: string;
  surface: string;
  alarm: string;
  band: string;
  font: string;
  tones: string[];
}

export function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    ink: read("--ink"),
    muted: read("--muted"),
    grid: read("--grid"),
    surface: read("--surface"),
    alarm: read("--fail"),
    band: read("--band"),
    font: getComputedStyle(document.body).fontFamily,
    tones: ["--c0", "--c1", "--c2", "--c3", "--c4", "--c5"].map(read),
  };
}

const darkQuery = matchMedia("(prefers-color-scheme: dark)");

export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return darkQuery.matches ? "dark" : "light";
}

// Calls `redraw` whenever the colours change: by the button, by the system, and around printing (always light on paper).
export function watchTheme(button: HTMLButtonElement | null, redraw: () => void): void {
  const label = () => {
    if (!button) return;
    const next = currentTheme() === "dark" ? "light" : "dark";
    button.textContent = next === "dark" ? "Dark theme" : "Light theme";
  };
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const next: Theme = currentTheme() === "dark" ? "light" : "dark";
      document.documentElement.dataset.theme = next;
      storeTheme(next);
      label();
      redraw();
    });
  }
  darkQuery.addEventListener("change", () => {
    label();
    redraw();
  });
  matchMedia("print").addEventListener("change", redraw);
  label();
}
