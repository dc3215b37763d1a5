/**
 * The overview: the current figures of the server, updated once a second, and charts of up to a month. In a cluster,
 * the charts show one node, or all nodes together.
 */

import { css, html, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import type { Api } from "../api/client.js";
import { RANGES, type Past, type PastPoint, type Quantiles, type Range, type Sample } from "../api/shapes.js";
import "../components/chart.js";
import type { Series } from "../components/chart.js";
import "../components/export.js";
import "../components/notice.js";
import { whenLoaded } from "../components/placeholder.js";
import { base, buttons, cards, fields } from "../components/styles.js";
import { LOADING, View, type Loaded } from "../components/view.js";
import { lastNumber, line, NO_HISTORY, platformLines, stack, take, times, type History } from "../figures/history.js";
import { pastLine, pastPlatforms, pastTimes, places, stackPast, type Place } from "../figures/past.js";
import { instant, type Columns } from "../text/csv.js";
import { count, latency, latencyParts, rate, short } from "../text/format.js";
import { head, pageStyles } from "./page.js";

const PERIOD_MS = 1_000;
/** The longest time between two reads of the past figures, in milliseconds. They are also read after each step. */
const MOST_SELDOM_MS = 60_000;

/** The lines of all charts for the selected range. */
interface Lines {
  times: number[];
  devices: { platform: string; values: (number | null)[]; drawn: (number | null)[] }[];
  platforms: readonly string[];
  value: (of: "changes" | "notifications") => (number | null)[];
  quantile: (of: "delivery" | "detection", which: "p50" | "p99") => (number | null)[];
}

type Counted = Sample | PastPoint;

/** Returns the columns of the exported file. */
function columnsOf(platforms: readonly string[]): Columns<Counted> {
  const quantile =
    (of: "delivery" | "detection", which: keyof Quantiles) =>
    (row: Counted): number | string =>
      row[of]?.[which] ?? "";
  const devices = platforms.map((platform, index) => [
    `devices_${platform}`,
    (row: Counted): number => row.devices[index] ?? 0,
  ]);
  return {
    time: (row) => instant(row.at),
    online: (row) => row.online,
    ...(Object.fromEntries(devices) as Columns<Counted>),
    connections: (row) => row.connections,
    changes_per_second: (row) => row.changes,
    notifications_per_second: (row) => row.notifications,
    webhooks_waiting: (row) => row.backlog ?? "",
    delivery_p50_seconds: quantile("delivery", "p50"),
    delivery_p99_seconds: quantile("delivery", "p99"),
    deliveries: quantile("delivery", "count"),
    detection_p50_seconds: quantile("detection", "p50"),
    detection_p99_seconds: quantile("detection", "p99"),
    detections: quantile("detection", "count"),
  };
}

@customElement("lc-overview")
export class OverviewPage extends View {
  @property({ attribute: false }) api!: Api;

  @state() private loaded: Loaded<History> = LOADING;
  /** The range of the charts; undefined for the live charts of the last ten minutes. */
  @state() private range: Range | undefined = undefined;
  /** The node whose past is shown; undefined for all nodes together. */
  @state() private node: string | undefined = undefined;
  @state() private past: Loaded<Past> = LOADING;
  /** The nodes with figures in the selected range, as last read. */
  @state() private nodes: readonly string[] = [];
  /** Whether the last attempt to read live figures has failed. */
  @state() private stale = false;

  #history: History = NO_HISTORY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pastTimer: ReturnType<typeof setTimeout> | undefined;

  static override styles = [
    base,
    buttons,
    cards,
    fields,
    pageStyles,
    css`
      .page {
        grid-template-columns: minmax(0, 1fr);
      }
      .picker {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 0.6rem 1.5rem;
      }
      .picker .row {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.6rem;
      }
      .picker select {
        width: auto;
        min-width: 9rem;
      }
      .tiles {
        display: grid;
        grid-template-columns: repeat(4, minmax(0, 1fr));
        gap: 1rem;
      }
      @media (max-width: 1000px) {
        .tiles {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }
      }
      .tile {
        display: grid;
        align-content: start;
        gap: 0.1rem;
        padding: 1rem 1.2rem 1.05rem;
      }
      .tile h2 {
        color: var(--text-quiet);
        font-size: 0.8667rem;
        font-weight: 560;
      }
      .tile p.value {
        color: var(--text);
        font-size: 1.75rem;
        font-weight: 640;
        letter-spacing: -0.02em;
        line-height: 1.3;
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
      }
      .tile p.value small {
        margin-inline-start: 0.15rem;
        color: var(--text-quiet);
        font-size: 0.55em;
        font-weight: 560;
        letter-spacing: 0;
      }
      .tile p.value.nothing {
        color: var(--text-quiet);
        font-size: 1.15rem;
        font-weight: 500;
        line-height: 1.98;
        letter-spacing: 0;
      }
      .tile p {
        color: var(--text-quiet);
        font-size: 0.8rem;
        line-height: 1.35;
      }
      .charts {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr));
        gap: 1rem;
      }
      .charts .card > header {
        display: block;
      }
      .charts header p {
        margin-top: 0.15rem;
        min-height: 2.7em;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("visibilitychange", this.#seen);
    void this.#poll();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("visibilitychange", this.#seen);
    clearTimeout(this.#timer);
    clearTimeout(this.#pastTimer);
  }

  override render(): unknown {
    const { words } = this;
    return html`<div class="page">
      ${head(words.overview.title, words.overview.lead)}
      ${this.stale ? html`<lc-notice kind="warn">${words.overview.stale}</lc-notice>` : nothing}
      ${whenLoaded(this.loaded, this.#poll, (history) => {
        const last = history.samples.at(-1);
        return last === undefined
          ? html`<lc-placeholder kind="empty">${words.overview.waiting}</lc-placeholder>`
          : html`${this.#tiles(last)}${this.#picker(history)}${this.#ranged(history)}`;
      })}
    </div>`;
  }

  #tiles(now: Sample): TemplateResult {
    const { overview, locale } = this.words;
    const tile = (name: string, value: string | undefined, unit: string, hint: string): TemplateResult =>
      html`<section class="card tile">
        <h2>${name}</h2>
        ${
          value === undefined
            ? html`<p class="value nothing">${overview.nothingYet}</p>`
            : html`<p class="value">${value}${unit === "" ? nothing : html`<small>${unit}</small>`}</p>`
        }
        <p>${hint}</p>
      </section>`;
    const time = (seconds: number | undefined): [string | undefined, string] =>
      seconds === undefined ? [undefined, ""] : latencyParts(seconds, locale);
    const devices = now.devices.reduce((sum, some) => sum + some, 0);
    return html`<div class="tiles">
      ${tile(overview.online, count(now.online, locale), "", overview.onlineHint)}
      ${tile(overview.devices, count(devices, locale), "", overview.devicesHint)}
      ${tile(overview.connections, count(now.connections, locale), "", overview.connectionsHint)}
      ${tile(overview.changes, rate(now.changes, locale), overview.perSecond, overview.changesHint)}
      ${tile(overview.notifications, rate(now.notifications, locale), overview.perSecond, overview.notificationsHint)}
      ${tile(overview.backlog, now.backlog === null ? undefined : count(now.backlog, locale), "", overview.backlogHint)}
      ${tile(overview.delivery, ...time(now.delivery?.p99), overview.deliveryHint)}
      ${tile(overview.detection, ...time(now.detection?.p50), overview.detectionHint)}
    </div>`;
  }

  #picker(history: History): TemplateResult {
    const { ranges } = this.words;
    const { range, past } = this;
    const shown = range !== undefined && past.state === "ready" ? past.value : undefined;
    const rows = async function* (): AsyncGenerator<readonly Counted[]> {
      await Promise.resolve();
      yield shown?.points ?? history.samples;
    };
    return html`<div class="picker">
      <div class="row">
        <label for="range">${ranges.label}</label>
        <select id="range" @change=${this.#choose}>
          <option value="" .selected=${live(range === undefined)}>${ranges.live}</option>
          ${RANGES.map((known) => html`<option value=${known} .selected=${live(known === range)}>${ranges[known]}</option>`)}
        </select>
        ${this.#nodePicker(history)}
        ${shown === undefined ? nothing : html`<span class="quiet small">${ranges.step(this.#step(shown.step_ms))}</span>`}
      </div>
      <lc-export
        .name=${`overview-${range ?? "live"}`}
        .columns=${columnsOf(history.platforms)}
        .pages=${rows}
      ></lc-export>
    </div>`;
  }

  /** Renders the select for the node. Live figures are those of the node that has answered. */
  #nodePicker(history: History): TemplateResult | typeof nothing {
    const { ranges } = this.words;
    const { node } = this;
    if (this.range === undefined) {
      return history.node === null
        ? nothing
        : html`<span class="quiet small">${ranges.liveNode(history.node)}</span>`;
    }
    // A node that was selected stays in the list, even if it has no figures in another range.
    const nodes = node === undefined || this.nodes.includes(node) ? this.nodes : [...this.nodes, node];
    if (nodes.length < 2) return nothing;
    return html`<label for="node">${ranges.node}</label>
      <select id="node" @change=${this.#chooseNode}>
        <option value="all" .selected=${live(node === undefined)}>${ranges.allNodes}</option>
        ${nodes.map(
          (known) =>
            html`<option value=${`node ${known}`} .selected=${live(known === node)}>
              ${known === "" ? ranges.noCluster : known}
            </option>`,
        )}
      </select>`;
  }

  #step(milliseconds: number): string {
    const { ranges } = this.words;
    return milliseconds < 60_000 ? ranges.seconds(milliseconds / 1_000) : ranges.minutes(milliseconds / 60_000);
  }

  /** Renders the charts of the selected range. */
  #ranged(history: History): TemplateResult {
    if (this.range === undefined) {
      const platforms = platformLines(history);
      const stacked = stack(platforms.map(({ values }) => values));
      return this.#charts({
        times: times(history),
        platforms: history.platforms,
        devices: platforms.map((each, index) => ({ ...each, drawn: stacked[index] ?? each.values })),
        value: (of) => line(history, (sample) => sample[of]),
        quantile: (of, which) => line(history, (sample) => sample[of]?.[which]),
      });
    }
    return html`${whenLoaded(this.past, this.#look, (past) => {
      const all: Place[] = places(past);
      const platforms = pastPlatforms(past, all);
      const stacked = stackPast(platforms.map(({ values }) => values));
      return this.#charts({
        times: pastTimes(all),
        platforms: past.platforms,
        devices: platforms.map((each, index) => ({ ...each, drawn: stacked[index] ?? each.values })),
        value: (of) => pastLine(all, (point) => point[of]),
        quantile: (of, which) => pastLine(all, (point) => point[of]?.[which]),
      });
    })}`;
  }

  #charts({ times: at, platforms, devices: byPlatform, value, quantile }: Lines): TemplateResult {
    const { overview, ranges, locale } = this.words;
    const isLive = this.range === undefined;
    const devices = byPlatform.map(({ platform, values, drawn }): Series => {
      const colour = (platforms.indexOf(platform) % 7) + 1;
      return { name: platform, colour, values, drawn };
    });
    const traffic: Series[] = [
      { name: overview.changes, colour: 1, values: value("changes") },
      { name: overview.notifications, colour: 2, values: value("notifications") },
    ];
    const quantiles = (of: "delivery" | "detection"): Series[] => [
      { name: overview.p99, colour: 3, values: quantile(of, "p99") },
      { name: overview.p50, colour: 1, values: quantile(of, "p50") },
    ];
    const counted = (value: number): string => short(value, locale);
    const timed = (value: number): string => (value === 0 ? "0" : latency(value, locale));
    const chart = (
      title: string,
      hint: string,
      series: Series[],
      format: (value: number) => string,
      empty: string,
      kind: "lines" | "stacked" | "log" = "lines",
    ): TemplateResult =>
      html`<section class="card">
        <header>
          <h2>${title}</h2>
          <p class="quiet small">${hint}</p>
        </header>
        <div class="body">
          <lc-chart
            .label=${title}
            .times=${at}
            .series=${series}
            .format=${format}
            .empty=${isLive ? empty : ranges.nothing}
            .kind=${kind}
          ></lc-chart>
        </div>
      </section>`;
    return html`<div class="charts">
      ${chart(overview.byPlatform, overview.byPlatformHint, devices, counted, overview.noDevices, "stacked")}
      ${chart(overview.traffic, overview.trafficHint, traffic, counted, overview.noChanges)}
      ${chart(overview.latency, overview.latencyHint, quantiles("delivery"), timed, overview.noChanges, "log")}
      ${chart(overview.detectionTitle, overview.detectionChartHint, quantiles("detection"), timed, overview.noDetections)}
    </div>`;
  }

  readonly #seen = (): void => {
    void this.#poll();
    void this.#look();
  };

  readonly #choose = (event: Event): void => {
    const { value } = event.target as HTMLSelectElement;
    this.range = RANGES.find((range) => range === value);
    this.past = LOADING;
    void this.#look();
  };

  readonly #chooseNode = (event: Event): void => {
    const { value } = event.target as HTMLSelectElement;
    this.node = value === "all" ? undefined : value.slice("node ".length);
    this.past = LOADING;
    void this.#look();
  };

  /**
   * Reads the figures of the selected range now, after each step, and at least once a minute. While the page is hidden,
   * reads nothing.
   */
  readonly #look = async (): Promise<void> => {
    clearTimeout(this.#pastTimer);
    const { range, node } = this;
    if (range === undefined || !this.isConnected || document.hidden) return;
    let wait = MOST_SELDOM_MS;
    try {
      const value = await this.api.past(range, node, this.past.state === "ready");
      if (range !== this.range || node !== this.node) return;
      this.nodes = value.nodes;
      this.past = { state: "ready", value };
      wait = Math.min(wait, value.step_ms);
    } catch (error) {
      if (range !== this.range || node !== this.node) return;
      // The charts stay visible. The notice about the live figures also says that they are not updated.
      if (this.past.state !== "ready") this.past = { state: "failed", error };
    }
    clearTimeout(this.#pastTimer);
    this.#pastTimer = setTimeout(() => void this.#look(), wait);
  };

  /** Reads new samples now, and again once a second while the page is visible. */
  readonly #poll = async (): Promise<void> => {
    clearTimeout(this.#timer);
    if (!this.isConnected || document.hidden) return;
    try {
      this.#history = take(this.#history, await this.api.figures(lastNumber(this.#history), this.#history.node));
      this.loaded = { state: "ready", value: this.#history };
      this.stale = false;
    } catch (error) {
      // If the session has ended, figures come again after the next login.
      if (this.loaded.state === "ready") this.stale = true;
      else this.loaded = { state: "failed", error };
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#poll(), PERIOD_MS);
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-overview": OverviewPage;
  }
}
