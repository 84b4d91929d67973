// Turns the page's empty plots into charts and closes the data tables, which are open where scripts do not run.
import { Figure } from "./figure";
import { readCharts } from "./page";
import { palette, watchTheme } from "./theme";

const figures: Figure[] = [];

function followTime(from: Figure, x: number | undefined): void {
  if (!from.overTime()) return;
  for (const figure of figures) {
    if (figure !== from && figure.overTime()) figure.follow(x);
  }
}

const tables = Array.from(document.querySelectorAll<HTMLDetailsElement>("details.data"));
for (const table of tables) table.open = false;
const closedOnScreen = new Set<HTMLDetailsElement>();
addEventListener("beforeprint", () => {
  for (const table of tables) {
    if (!table.open) closedOnScreen.add(table);
    table.open = true;
  }
});
addEventListener("afterprint", () => {
  for (const table of closedOnScreen) table.open = false;
  closedOnScreen.clear();
});

const colours = palette();
for (const chart of readCharts()) {
  const plot = document.getElementById(`plot-${chart.id}`);
  if (plot) figures.push(new Figure(chart, plot, colours, followTime));
}
watchTheme(document.querySelector<HTMLButtonElement>("#theme"), () => {
  const now = palette();
  for (const figure of figures) figure.draw(now);
});
document.documentElement.classList.add("ready");
