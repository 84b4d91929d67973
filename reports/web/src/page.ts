// The chart data that the C++ side writes into <script type="application/json" id="data"> (reports/page/figure.h is the
// writer). Names in it are untrusted: they may reach the document through textContent or SVG text only.

export type Dash = "solid" | "dashed" | "dotted" | "dashdot";

export interface Series {
  name: string;
  dash: Dash;
  tone: number; // index into the palette, --c0 and on; -1: muted
  area?: boolean;
}

interface Common {
  id: string;
  xLabel: string;
  yLabel: string;
  digits: number; // decimals of y in the readout
}

export interface TimeChart extends Common {
  kind: "time";
  x: number[]; // seconds since the run's start
  series: (Series & { y: (number | null)[] })[];
  limit?: { value: number; label: string };
  marks: { t: number; label: string }[];
}

export interface LanesChart extends Common {
  kind: "lanes";
  x: number[];
  max: number;
  limit?: { value: number; label: string };
  lanes: { name: string; peak: string; alarm: boolean; y: (number | null)[] }[];
}

export interface CurveChart extends Common {
  kind: "curve";
  xTicks?: string[]; // labels of x = 0, 1, 2, ...
  yLog: boolean;
  lines: (Series & { points: [number, number][] })[];
  band?: { low: [number, number][]; high: [number, number][] };
  dots: { name: string; symbol: "circle" | "triangle" | "diamond"; tone: number; points: [number, number][] }[];
  limit?: { value: number; label: string };
}

export type Chart = TimeChart | LanesChart | CurveChart;

export function readCharts(): Chart[] {
  const text = document.getElementById("data")?.textContent;
  return text ? (JSON.parse(text) as { charts: Chart[] }).charts : [];
}
