/** The samples of the last minutes: taken in as they come, looked at as lines. */

import type { Figures, Sample } from "../api/shapes.js";

export interface History {
  platforms: readonly string[];
  /** Earliest first. */
  samples: readonly Sample[];
}

export const NO_HISTORY: History = { platforms: [], samples: [] };

/** Takes in what is new. Numbers that go back are those of a server that was started again: its own history counts. */
export function take(history: History, figures: Figures): History {
  const last = history.samples.at(-1);
  const first = figures.samples[0];
  const startedAgain = last !== undefined && first !== undefined && first.number <= last.number;
  const samples = startedAgain ? figures.samples : [...history.samples, ...figures.samples];
  return { platforms: figures.platforms, samples: samples.slice(-figures.most_samples) };
}

/** The number behind which to ask on. */
export function lastNumber(history: History): number | undefined {
  return history.samples.at(-1)?.number;
}

export type Line = (number | null)[];

/** The times of the samples, in seconds. */
export function times(history: History): number[] {
  return history.samples.map((sample) => sample.at / 1000);
}

export function line(history: History, value: (sample: Sample) => number | null | undefined): Line {
  return history.samples.map((sample) => value(sample) ?? null);
}

/** The lines of each platform that had anybody in these minutes. */
export function platformLines(history: History): { platform: string; values: number[] }[] {
  return history.platforms
    .map((platform, index) => ({
      platform,
      values: history.samples.map((sample) => sample.devices[index] ?? 0),
    }))
    .filter(({ values }) => values.some((value) => value > 0));
}

/** Lines on top of each other: each one is the sum of itself and those before it. */
export function stack(lines: readonly number[][]): number[][] {
  const sums: number[][] = [];
  for (const values of lines) {
    const below = sums.at(-1);
    sums.push(values.map((value, index) => value + (below?.[index] ?? 0)));
  }
  return sums;
}
