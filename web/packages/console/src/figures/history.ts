/** The samples of the last minutes, and the lines that are made of them. */

import type { Figures, Sample } from "../api/shapes.js";

export interface History {
  /** The name of the node that the samples are from; null without a cluster. */
  node: string | null;
  platforms: readonly string[];
  /** The samples, the earliest first. */
  samples: readonly Sample[];
}

export const NO_HISTORY: History = { node: null, platforms: [], samples: [] };

/**
 * Adds new samples. If their numbers are lower than those of the stored samples, the server was restarted. In a
 * cluster, another node may answer. In both cases, the new samples replace the stored ones.
 */
export function take(history: History, figures: Figures): History {
  const last = history.samples.at(-1);
  const first = figures.samples[0];
  const startedAgain = last !== undefined && first !== undefined && first.number <= last.number;
  const isOther = figures.node !== history.node;
  const samples = startedAgain || isOther ? figures.samples : [...history.samples, ...figures.samples];
  return { node: figures.node, platforms: figures.platforms, samples: samples.slice(-figures.most_samples) };
}

/** Returns the number of the last sample; undefined if there are none. */
export function lastNumber(history: History): number | undefined {
  return history.samples.at(-1)?.number;
}

export type Line = (number | null)[];

/** Returns the times of the samples, in seconds since 1970. */
export function times(history: History): number[] {
  return history.samples.map((sample) => sample.at / 1000);
}

export function line(history: History, value: (sample: Sample) => number | null | undefined): Line {
  return history.samples.map((sample) => value(sample) ?? null);
}

/** Returns a line for each platform on which users were connected. */
export function platformLines(history: History): { platform: string; values: number[] }[] {
  return history.platforms
    .map((platform, index) => ({
      platform,
      values: history.samples.map((sample) => sample.devices[index] ?? 0),
    }))
    .filter(({ values }) => values.some((value) => value > 0));
}

/** Stacks lines: each line becomes the sum of itself and of all lines before it. */
export function stack(lines: readonly number[][]): number[][] {
  const sums: number[][] = [];
  for (const values of lines) {
    const below = sums.at(-1);
    sums.push(values.map((value, index) => value + (below?.[index] ?? 0)));
  }
  return sums;
}
