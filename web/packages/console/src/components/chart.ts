/** A line chart over time. Its legend shows the values at the pointer, or else the newest values. */

import { css, html, nothing, unsafeCSS } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import uPlot from "uplot";
import uPlotStyles from "uplot/dist/uPlot.min.css?inline";
import { preferences } from "../words/words.js";
import { base } from "./styles.js";
import { View } from "./view.js";

/** One line of a chart. */
export interface Series {
  name: string;
  /** The number of one of the page's colours, from 1. */
  colour: number;
  /** The values in the legend. */
  values: readonly (number | null)[];
  /** The values that are drawn, if they differ from `values` because lines are stacked. */
  drawn?: readonly (number | null)[];
}

const HEIGHT = 220;
/** A day in seconds. */
const DAY = 24 * 60 * 60;
// The enum of the library has no values at run time.
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
const LOGARITHMIC = 3 as uPlot.Scale.Distr;

@customElement("lc-chart")
export class Chart extends View {
  @property() label = "";
  /** The times of the points in seconds since 1970, in ascending order. */
  @property({ attribute: false }) times: readonly number[] = [];
  @property({ attribute: false }) series: readonly Series[] = [];
  /** Formats a value for the legend and the axis. */
  @property({ attribute: false }) format: (value: number) => string = String;
  /** The kind of the chart. In a stacked chart, the area between a line and the line below it is filled. */
  @property() kind: "lines" | "stacked" | "log" = "lines";
  /** The text that is shown if the chart is empty. */
  @property() empty = "";

  @state() private pointed: number | null = null;
  @query(".plot") private readonly place!: HTMLElement;

  #plot: uPlot | undefined;
  /**
   * The properties with which the plot was created, as JSON: the names and colours of the lines, the theme and the
   * language. If one of them changes, a new plot is needed.
   */
  #shape = "";
  readonly #resized = new ResizeObserver(() => {
    this.#plot?.setSize({ width: this.place.clientWidth, height: HEIGHT });
  });

  static override styles = [
    base,
    unsafeCSS(uPlotStyles),
    css`
      .plot {
        min-height: ${HEIGHT}px;
        position: relative;
      }
      .empty {
        position: absolute;
        inset: 0;
        display: grid;
        place-items: center;
        color: var(--text-quiet);
        font-size: 0.9333rem;
      }
      ul {
        display: flex;
        flex-wrap: wrap;
        gap: 0.25rem 1.25rem;
        padding-top: 0.6rem;
        font-size: 0.8667rem;
        min-height: 2rem;
      }
      li {
        display: inline-flex;
        align-items: center;
        gap: 0.45rem;
        color: var(--text-quiet);
      }
      li i {
        width: 0.7rem;
        height: 0.7rem;
        border-radius: 3px;
        background: var(--colour);
      }
      .c1 {
        --colour: var(--chart-1);
      }
      .c2 {
        --colour: var(--chart-2);
      }
      .c3 {
        --colour: var(--chart-3);
      }
      .c4 {
        --colour: var(--chart-4);
      }
      .c5 {
        --colour: var(--chart-5);
      }
      .c6 {
        --colour: var(--chart-6);
      }
      .c7 {
        --colour: var(--chart-7);
      }
      li b {
        color: var(--text);
        font-weight: 600;
        font-variant-numeric: tabular-nums;
      }
    `,
  ];

  override firstUpdated(): void {
    this.#resized.observe(this.place);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.#resized.observe(this.place);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#shape = "";
  }

  override updated(changed: Map<PropertyKey, unknown>): void {
    if (changed.size === 1 && changed.has("pointed")) return;
    this.#draw();
  }

  override render(): unknown {
    const at = this.pointed ?? this.times.length - 1;
    const values = this.series.map((series) => ({ ...series, value: series.values[at] ?? null }));
    const told = values.map(({ name, value }) => `${name} ${this.#told(value)}`).join(", ");
    return html`<div class="plot" role="img" aria-label=${this.words.overview.chart(this.label, told)}>
        ${this.#isEmpty() ? html`<div class="empty">${this.empty}</div>` : nothing}
      </div>
      <ul aria-hidden="true">
        ${values.map(({ name, colour, value }) => html`<li class="c${colour}"><i></i>${name} <b>${this.#told(value)}</b></li>`)}
      </ul>`;
  }

  #told(value: number | null): string {
    return value === null ? "–" : this.format(value);
  }

  #isEmpty(): boolean {
    return this.series.every(({ values }) => values.every((value) => value === null || value === 0));
  }

  #draw(): void {
    const drawn = this.series.map((series) => series.drawn ?? series.values);
    if (this.kind === "stacked") drawn.reverse();
    const data = [this.times, ...drawn] as unknown as uPlot.AlignedData;
    const shape = JSON.stringify([
      this.series.map(({ name, colour }) => [name, colour]),
      preferences.isDark,
      this.words.locale,
    ]);
    if (this.#plot !== undefined && shape === this.#shape) {
      this.#plot.setData(data);
      return;
    }
    this.#plot?.destroy();
    this.#shape = shape;
    this.#plot = new uPlot(this.#options(), data, this.place);
  }

  #options(): uPlot.Options {
    const style = getComputedStyle(this);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const font = `12px ${style.fontFamily}`;
    const lines = this.series.map(({ name, colour: number }): uPlot.Series => {
      const stroke = colour(`--chart-${number}`);
      const fill =
        this.kind === "stacked" ? mix(stroke, colour("--surface")) : `rgb(${channels(stroke).join(" ")} / 11%)`;
      return { label: name, stroke, fill, width: 1.75, points: { show: false }, spanGaps: false };
    });
    if (this.kind === "stacked") lines.reverse();
    const axis: uPlot.Axis = {
      stroke: colour("--text-quiet"),
      font,
      grid: { stroke: colour("--line"), width: 1 },
      ticks: { show: false },
    };
    return {
      width: this.place.clientWidth,
      height: HEIGHT,
      // The padding at the right has room for the last time below the chart.
      padding: [10, 28, 0, 0],
      legend: { show: false },
      cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false } },
      scales: { y: this.kind === "log" ? { distr: LOGARITHMIC, range: decades } : { range: fromZero } },
      series: [{}, ...lines],
      axes: [
        {
          ...axis,
          size: 30,
          space: 90,
          values: (_, splits) => splits.map((at) => this.#clock(at)),
        },
        {
          ...axis,
          size: 62,
          space: 40,
          values: (_, splits) => splits.map((value) => this.format(value)),
          ...(this.kind === "log" ? { splits: powersOfTen, filter: (_, splits): number[] => splits } : {}),
        },
      ],
      hooks: {
        setCursor: [
          (plot): void => {
            this.pointed = plot.cursor.idx ?? null;
          },
        ],
      },
    };
  }

  #clock(seconds: number): string {
    const range = (this.times.at(-1) ?? 0) - (this.times[0] ?? 0);
    const time: Intl.DateTimeFormatOptions = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    const options: Intl.DateTimeFormatOptions =
      range > 2 * DAY ? { month: "short", day: "numeric" } : range > DAY / 8 ? time : { ...time, second: "2-digit" };
    return new Intl.DateTimeFormat(this.words.locale, options).format(seconds * 1000);
  }
}

function fromZero(_: uPlot, __: number, most: number): uPlot.Range.MinMax {
  return [0, most > 0 ? most * 1.15 : 1];
}

/** Returns the powers of ten between which all values are. */
function decades(_: uPlot, least: number, most: number): uPlot.Range.MinMax {
  if (!(least > 0)) return [0.0001, 1];
  return [10 ** Math.floor(Math.log10(least)), 10 ** Math.floor(Math.log10(most) + 1)];
}

function powersOfTen(_: uPlot, __: number, least: number, most: number): number[] {
  const [first, last] = [Math.round(Math.log10(least)), Math.round(Math.log10(most))];
  return Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
}

/** Returns a pale and opaque version of a colour, because areas overlap. */
function mix(colour: string, ground: string): string {
  const [over, under] = [channels(colour), channels(ground)];
  const mixed = over.map((channel, index) => Math.round(channel * 0.32 + (under[index] ?? channel) * 0.68));
  return `rgb(${mixed.join(" ")})`;
}

/** The channels of a colour `#rrggbb` or `#rgb`. A build may shorten a colour. */
function channels(colour: string): number[] {
  const digits = colour.length === 4 ? colour.slice(1).replace(/./g, "$&$&") : colour.slice(1);
  return [0, 2, 4].map((at) => Number.parseInt(digits.slice(at, at + 2), 16));
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-chart": Chart;
  }
}
