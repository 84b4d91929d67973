// Chart data to ECharts options. Pure: data and palette in, options out.
import type { EChartsCoreOption } from "echarts/core";
import { formatNumber, formatTime } from "./format";
import type { Chart, CurveChart, Dash, LanesChart, TimeChart } from "./page";
import type { Palette } from "./theme";

const dashes: Record<Dash, number[] | "solid"> = {
  solid: "solid",
  dashed: [7, 4],
  dotted: [2, 3],
  dashdot: [8, 3, 2, 3],
};

export const laneHeight = 38;
const laneGap = 24;
const laneTop = 20;

export function chartHeight(chart: Chart): number {
  if (chart.kind === "lanes") return laneTop + chart.lanes.length * (laneHeight + laneGap) + 12;
  return chart.kind === "time" ? 250 : 270;
}

export function toneOf(colours: Palette, tone: number): string {
  return (tone < 0 ? undefined : colours.tones[tone % colours.tones.length]) ?? colours.muted;
}

function axisText(colours: Palette) {
  return { color: colours.muted, fontSize: 11, fontFamily: colours.font };
}

function valueAxis(colours: Palette, name: string) {
  return {
    type: "value" as const,
    name,
    nameLocation: "end" as const,
    nameTextStyle: { ...axisText(colours), align: "left" as const, padding: [0, 0, 2, -38] },
    axisLine: { show: false },
    axisTick: { show: false },
    splitNumber: 4,
    splitLine: { lineStyle: { color: colours.grid } },
    axisLabel: { ...axisText(colours), formatter: (value: number) => shortNumber(value), hideOverlap: true },
  };
}

function shortNumber(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 1e6) return `${trim(value / 1e6)}M`;
  if (magnitude >= 1e4) return `${trim(value / 1e3)}k`;
  return magnitude >= 1000 ? formatNumber(value, 0) : trim(value);
}

function trim(value: number): string {
  return String(Number(value.toPrecision(3)));
}

function timeAxis(colours: Palette, x: number[], labels: boolean) {
  const first = x[0] ?? 0;
  const last = x[x.length - 1] ?? 1;
  return {
    type: "value" as const,
    min: first,
    max: last > first ? last : first + 1,
    axisLine: { lineStyle: { color: colours.grid } },
    axisTick: { show: false },
    splitLine: { show: false },
    axisLabel: {
      ...axisText(colours),
      show: labels,
      hideOverlap: true,
      showMaxLabel: true,
      alignMinLabel: "left" as const,
      alignMaxLabel: "right" as const,
      formatter: (value: number) => formatTime(value, last - first),
    },
  };
}

function limitLine(colours: Palette, limit: { value: number; label: string } | undefined) {
  if (!limit) return undefined;
  return {
    silent: true,
    symbol: "none",
    animation: false,
    lineStyle: { color: colours.alarm, type: [5, 4], width: 1.25 },
    label: { position: "insideEndTop" as const, formatter: () => limit.label, color: colours.alarm, fontSize: 11, fontFamily: colours.font },
    data: [{ yAxis: limit.value }],
  };
}

// The top of an axis that must show a limit line: undefined leaves the choice to the data, which then reaches high enough.
function headroom(peak: number, limit: { value: number } | undefined): number | undefined {
  if (!limit || limit.value < peak) return undefined;
  const step = Math.pow(10, Math.floor(Math.log10(limit.value))) / 2;
  return Math.ceil((limit.value * 1.05) / step) * step;
}

function stageMarks(colours: Palette, chart: TimeChart) {
  return {
    silent: true,
    symbol: "none",
    animation: false,
    lineStyle: { color: colours.muted, type: [1, 3], width: 1 },
    label: { position: "insideEndTop" as const, rotate: 0, align: "left" as const, color: colours.muted, fontSize: 11, fontFamily: colours.font,
      formatter: (mark: { name: string }) => mark.name },
    data: chart.marks.map((mark) => ({ xAxis: mark.t, name: mark.label })),
  };
}

function timeOption(chart: TimeChart, colours: Palette): EChartsCoreOption {
  const peak = chart.series.reduce((most, s) => s.y.reduce<number>((top, y) => Math.max(top, y ?? 0), most), 0);
  const lines = chart.series.map((series, index) => ({
    type: "line",
    name: series.name,
    showSymbol: chart.x.length < 3,
    connectNulls: false,
    silent: true,
    lineStyle: { color: toneOf(colours, series.tone), width: series.tone < 0 ? 1.25 : 1.75, type: dashes[series.dash] },
    itemStyle: { color: toneOf(colours, series.tone) },
    areaStyle: series.area ? { color: toneOf(colours, series.tone), opacity: 0.12 } : undefined,
    data: chart.x.map((x, i) => [x, series.y[i] ?? null]),
    markLine: index === 0 ? limitLine(colours, chart.limit) : index === 1 && chart.marks.length ? stageMarks(colours, chart) : undefined,
  }));
  return {
    animation: false,
    grid: { left: 46, right: 14, top: 30, bottom: 26, outerBoundsMode: "none" },
    xAxis: timeAxis(colours, chart.x, true),
    yAxis: { ...valueAxis(colours, chart.yLabel), min: 0, max: headroom(peak, chart.limit) },
    series: lines,
  };
}

function lanesOption(chart: LanesChart, colours: Palette): EChartsCoreOption {
  const top = (index: number) => laneTop + index * (laneHeight + laneGap);
  const last = chart.lanes.length - 1;
  const text = (value: string, index: number, side: object, color: string, weight: number) => ({
    text: value,
    top: top(index) - 18,
    ...side,
    padding: 0,
    textStyle: { color, fontSize: 12, fontWeight: weight, fontFamily: colours.font, width: 170, overflow: "truncate" as const },
  });
  return {
    animation: false,
    title: chart.lanes.flatMap((lane, i) => [
      text(lane.name, i, { left: 0 }, colours.ink, 600),
      text(lane.peak, i, { right: 0 }, lane.alarm ? colours.alarm : colours.muted, lane.alarm ? 600 : 400),
    ]),
    grid: chart.lanes.map((_, i) => ({ left: 0, right: 1, top: top(i), height: laneHeight, outerBoundsMode: "none" as const })),
    xAxis: chart.lanes.map((_, i) => ({ ...timeAxis(colours, chart.x, i === last), gridIndex: i })),
    yAxis: chart.lanes.map((_, i) => ({ type: "value" as const, gridIndex: i, min: 0, max: chart.max || 1, show: false })),
    series: chart.lanes.map((lane, i) => {
      const colour = lane.alarm ? colours.alarm : colours.tones[0];
      return {
        type: "line", xAxisIndex: i, yAxisIndex: i, showSymbol: false, silent: true,
        lineStyle: { color: colour, width: 1.25 },
        areaStyle: { color: colour, opacity: 0.16 },
        data: chart.x.map((x, k) => [x, lane.y[k] ?? null]),
        markLine: chart.limit ? { silent: true, symbol: "none", animation: false, label: { show: false },
          lineStyle: { color: colours.muted, type: [2, 3], width: 1 }, data: [{ yAxis: chart.limit.value }] } : undefined,
      };
    }),
  };
}

function bandSeries(chart: CurveChart, colours: Palette): object[] {
  if (!chart.band) return [];
  const base = { type: "line", silent: true, showSymbol: false, stack: "band", stackStrategy: "all", lineStyle: { opacity: 0 } };
  return [
    { ...base, data: chart.band.low },
    { ...base, areaStyle: { color: colours.band, opacity: 1 },
      data: chart.band.high.map(([x, y], i) => [x, Math.max(0, y - (chart.band?.low[i]?.[1] ?? 0))]) },
  ];
}

function curveOption(chart: CurveChart, colours: Palette): EChartsCoreOption {
  const ticks = chart.xTicks;
  const peak = [...chart.lines, ...chart.dots].reduce((most, entry) => entry.points.reduce((top, point) => Math.max(top, point[1]), most), 0);
  return {
    animation: false,
    grid: { left: 46, right: 16, top: 30, bottom: 40, outerBoundsMode: "none" },
    xAxis: {
      ...valueAxis(colours, chart.xLabel),
      nameLocation: "middle",
      nameGap: 26,
      nameTextStyle: axisText(colours),
      min: 0,
      splitLine: { show: false },
      axisLine: { show: true, onZero: false, lineStyle: { color: colours.grid } },
      ...(ticks ? { max: ticks.length - 1, interval: 1,
        axisLabel: { ...axisText(colours), hideOverlap: true, alignMinLabel: "left" as const, alignMaxLabel: "right" as const, formatter: (value: number) => ticks[value] ?? "" } } : {}),
    },
    yAxis: { ...valueAxis(colours, chart.yLabel), ...(chart.yLog ? { type: "log" as const } : { min: 0, max: headroom(peak, chart.limit) }) },
    series: [
      ...bandSeries(chart, colours),
      ...chart.lines.map((line, index) => ({
        type: "line", name: line.name, silent: true, showSymbol: false,
        lineStyle: { color: toneOf(colours, line.tone), width: 1.75, type: dashes[line.dash] },
        data: line.points,
        markLine: index === 0 ? limitLine(colours, chart.limit) : undefined,
      })),
      ...chart.dots.map((dots) => ({
        type: "scatter", z: 4, name: dots.name, silent: true, symbol: dots.symbol, symbolSize: 9,
        itemStyle: { color: colours.surface, borderColor: toneOf(colours, dots.tone), borderWidth: 1.75 },
        data: dots.points,
      })),
    ],
  };
}

export function optionOf(chart: Chart, colours: Palette): EChartsCoreOption {
  switch (chart.kind) {
    case "time": return timeOption(chart, colours);
    case "lanes": return lanesOption(chart, colours);
    case "curve": return curveOption(chart, colours);
  }
}
