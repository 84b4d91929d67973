// The value readout under the pointer or the keyboard's cursor. Charts over time share one cursor, so that a peak in one can be
// read in all others. Text reaches the document through textContent only.
import { formatNumber, formatTime } from "./format";
import type { Chart, Dash } from "./page";
import { toneOf } from "./options";
import type { Palette } from "./theme";

interface Row {
  name: string;
  value: string;
  dash: Dash;
  colour: string;
}

// The values at the x-value nearest to `at`; null where the chart has none.
export function rowsAt(chart: Chart, index: number, colours: Palette): { title: string; rows: Row[] } {
  if (chart.kind === "curve") {
    const line = chart.lines[0];
    const x = line?.points[index]?.[0] ?? 0;
    const title = chart.xTicks ? quantileName(x) : `${formatNumber(x, 1)} ${chart.xLabel}`;
    const rows = chart.lines.flatMap((entry) => {
      const point = entry.points[index];
      return point ? [{ name: entry.name, value: `${formatNumber(point[1], chart.digits)} ${chart.yLabel}`, dash: entry.dash, colour: toneOf(colours, entry.tone) }] : [];
    });
    return { title, rows };
  }
  const span = (chart.x[chart.x.length - 1] ?? 0) - (chart.x[0] ?? 0);
  const title = `at ${formatTime(chart.x[index] ?? 0, span)}`;
  const value = (y: number | null | undefined) => (y == null ? "no sample" : `${formatNumber(y, chart.digits)} ${chart.yLabel}`);
  if (chart.kind === "lanes") {
    return { title, rows: chart.lanes.map((lane) => ({ name: lane.name, value: value(lane.y[index]), dash: "solid", colour: toneOf(colours, 0) })) };
  }
  return { title, rows: chart.series.map((s) => ({ name: s.name, value: value(s.y[index]), dash: s.dash, colour: toneOf(colours, s.tone) })) };
}

function quantileName(nines: number): string {
  const share = 100 * (1 - Math.pow(10, -nines));
  return `percentile ${String(Number(share.toFixed(Math.max(1, Math.ceil(nines)))))}`;
}

export function xValues(chart: Chart): number[] {
  return chart.kind === "curve" ? (chart.lines[0]?.points.map((p) => p[0]) ?? []) : chart.x;
}

export function nearest(values: number[], at: number): number {
  let low = 0;
  let high = values.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((values[middle] ?? 0) <= at) low = middle;
    else high = middle;
  }
  return Math.abs((values[high] ?? 0) - at) < Math.abs((values[low] ?? 0) - at) ? high : low;
}

export function fillReadout(box: HTMLElement, chart: Chart, index: number, colours: Palette): void {
  const { title, rows } = rowsAt(chart, index, colours);
  const head = document.createElement("strong");
  head.textContent = title;
  const list = rows.map((row) => {
    const line = document.createElement("span");
    line.className = "tip-row";
    const swatch = document.createElement("i");
    swatch.className = `swatch ${row.dash}`;
    swatch.style.color = row.colour;
    const name = document.createElement("span");
    name.className = "tip-name";
    name.textContent = row.name;
    const value = document.createElement("b");
    value.textContent = row.value;
    line.append(swatch, name, value);
    return line;
  });
  box.replaceChildren(head, ...list);
}
