// The reader's choice of theme, kept where the browser allows it (not every browser does for a page opened from disk).

export type Theme = "light" | "dark";
const key = "tidemark.theme";

export function storedTheme(): Theme | undefined {
  try {
    const value = localStorage.getItem(key);
    return value === "light" || value === "dark" ? value : undefined;
  } catch {
    return undefined;
  }
}

export function storeTheme(theme: Theme): void {
  try {
    localStorage.setItem(key, theme);
  } catch {
    // Not kept: the choice then lasts as long as the page.
  }
}
