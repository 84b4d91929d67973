// One figure of the page: the plot that C++ left empty, its legend, its cursor and its readout.
import { LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, MarkLineComponent, TitleComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { chartHeight, optionOf, toneOf } from "./options";
import type { Chart, Dash } from "./page";
import { fillReadout, nearest, xValues } from "./readout";
import type { Palette } from "./theme";

use([LineChart, ScatterChart, GridComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

export class Figure {
  private readonly view: EChartsType;
  private readonly xs: number[];
  private readonly cursor = document.createElement("div");
  private readonly tip = document.createElement("div");
  private readonly legend = document.createElement("div");
  private readonly spoken = document.createElement("p");
  private index = -1;
  private colours: Palette;

  // `moved` is told the x-value of the cursor, so that the other figures of the group can follow.
  constructor(readonly chart: Chart, private readonly plot: HTMLElement, colours: Palette,
              private readonly moved: (from: Figure, x: number | undefined) => void) {
    this.colours = colours;
    this.xs = xValues(chart);
    plot.hidden = false;
    plot.tabIndex = 0;
    const canvas = document.createElement("div");
    canvas.className = "canvas";
    canvas.setAttribute("aria-hidden", "true");
    canvas.style.height = `${chartHeight(chart)}px`;
    this.cursor.className = "cursor";
    this.tip.className = "tip";
    this.tip.setAttribute("aria-hidden", "true");
    this.legend.className = "legend";
    this.legend.setAttribute("aria-hidden", "true");
    this.spoken.className = "spoken";
    this.spoken.setAttribute("aria-live", "polite");
    plot.append(canvas, this.cursor, this.tip);
    plot.before(this.legend);
    plot.after(this.spoken);
    this.view = init(canvas, undefined, { renderer: "svg" });
    // A view box lets the style sheet scale the drawing on paper, where nothing can be measured again.
    this.view.on("finished", () => {
      canvas.querySelector("svg")?.setAttribute("viewBox", `0 0 ${this.view.getWidth()} ${this.view.getHeight()}`);
    });
    this.draw(colours);
    new ResizeObserver(() => this.view.resize()).observe(canvas);
    plot.addEventListener("pointermove", (event) => this.point(event));
    plot.addEventListener("pointerleave", () => this.leave());
    plot.addEventListener("blur", () => this.leave());
    plot.addEventListener("keydown", (event) => this.key(event));
  }

  draw(colours: Palette): void {
    this.colours = colours;
    this.view.setOption(optionOf(this.chart, colours), true);
    this.drawLegend();
  }

  overTime(): boolean {
    return this.chart.kind !== "curve";
  }

  // Puts the cursor at the value nearest to x; only the figure that is being read shows numbers.
  follow(x: number | undefined): void {
    this.index = x === undefined || this.xs.length === 0 ? -1 : nearest(this.xs, x);
    this.tip.classList.remove("on");
    this.placeCursor();
  }

  private drawLegend(): void {
    const entry = (name: string, className: string, tone: number) => {
      const item = document.createElement("span");
      const swatch = document.createElement("i");
      swatch.className = `swatch ${className}`;
      swatch.style.color = toneOf(this.colours, tone);
      const text = document.createElement("span");
      text.textContent = name;
      item.append(swatch, text);
      return item;
    };
    const lines: { name: string; dash: Dash; tone: number }[] =
      this.chart.kind === "time" ? this.chart.series : this.chart.kind === "curve" ? this.chart.lines : [];
    const dots = this.chart.kind === "curve" ? this.chart.dots : [];
    this.legend.replaceChildren(...lines.map((line) => entry(line.name, line.dash, line.tone)),
                                ...dots.map((dot) => entry(dot.name, dot.symbol, dot.tone)));
    this.legend.hidden = lines.length + dots.length < 2;
  }

  private point(event: PointerEvent): void {
    const box = this.plot.getBoundingClientRect();
    const x = this.view.convertFromPixel({ xAxisIndex: 0 }, event.clientX - box.left) as unknown as number;
    if (Number.isFinite(x)) this.read(nearest(this.xs, x), event.clientY - box.top);
  }

  private key(event: KeyboardEvent): void {
    const last = this.xs.length - 1;
    const step = event.shiftKey ? Math.max(1, Math.round(last / 20)) : 1;
    const targets: Record<string, number> = {
      ArrowRight: Math.min(last, this.index + step),
      ArrowLeft: Math.max(0, (this.index < 0 ? last + 1 : this.index) - step),
      Home: 0,
      End: last,
    };
    const target = targets[event.key];
    if (event.key === "Escape") this.leave();
    if (target === undefined || last < 0) return;
    event.preventDefault();
    this.read(target, 24);
    this.spoken.textContent = Array.from(this.tip.children, (child) => Array.from(child.childNodes, (n) => n.textContent).join(" ")).join("; ");
  }

  private read(index: number, y: number): void {
    if (this.xs.length === 0) return;
    this.index = index;
    this.moved(this, this.xs[index]);
    fillReadout(this.tip, this.chart, index, this.colours);
    this.tip.classList.add("on");
    const at = this.placeCursor();
    const room = this.plot.clientWidth;
    const width = this.tip.offsetWidth;
    this.tip.style.left = `${at + 14 + width > room ? Math.max(0, at - width - 14) : at + 14}px`;
    this.tip.style.top = `${Math.max(0, Math.min(y - 16, this.plot.clientHeight - this.tip.offsetHeight))}px`;
  }

  private placeCursor(): number {
    const x = this.index < 0 ? undefined : this.xs[this.index];
    this.cursor.classList.toggle("on", x !== undefined);
    if (x === undefined) return 0;
    const at = this.view.convertToPixel({ xAxisIndex: 0 }, x) as unknown as number;
    this.cursor.style.left = `${at}px`;
    return at;
  }

  private leave(): void {
    this.follow(undefined);
    this.moved(this, undefined);
  }
}
