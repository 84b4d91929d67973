// Runs in <head>, before anything is painted: marks that scripts run, and applies a theme that was chosen earlier.
import { storedTheme } from "./theme_choice";

const root = document.documentElement;
root.classList.add("js");
const theme = storedTheme();
if (theme) root.dataset.theme = theme;
