/** The figures of the past as lines. A line has a point for each step with figures. Steps without figures are gaps. */

import type { Past, PastPoint } from "../api/shapes.js";
import type { Line } from "./history.js";

/** A time with its point, or the time at the edge of a gap. */
export interface Place {
  at: number;
  point: PastPoint | undefined;
}

/** Returns the points and the edges of gaps, from the beginning of the range to its end. */
export function places(past: Past): Place[] {
  const { points, step_ms, from, to } = past;
  const all: Place[] = [{ at: from, point: undefined }];
  let last = from - step_ms;
  for (const point of points) {
    // A point may be outside of the range, for example after a change of the clock.
    if (point.at < from || point.at > to) continue;
    if (point.at > last + step_ms && last >= from) all.push({ at: last + step_ms, point: undefined });
    if (point.at === all[0]?.at) all.pop();
    all.push({ at: point.at, point });
    last = point.at;
  }
  // The current step has no figures yet, which is not a gap.
  if (to >= last + 2 * step_ms) {
    if (last >= from && last + step_ms < to) all.push({ at: last + step_ms, point: undefined });
    all.push({ at: to, point: undefined });
  }
  return all;
}

/** Returns the time of each place, in seconds since 1970. */
export function pastTimes(all: readonly Place[]): number[] {
  return all.map(({ at }) => at / 1000);
}

export function pastLine(all: readonly Place[], value: (point: PastPoint) => number | null | undefined): Line {
  return all.map(({ point }) => (point === undefined ? null : (value(point) ?? null)));
}

/** Returns a line for each platform on which users were connected in the range. */
export function pastPlatforms(past: Past, all: readonly Place[]): { platform: string; values: Line }[] {
  return past.platforms
    .map((platform, index) => ({ platform, values: pastLine(all, (point) => point.devices[index] ?? 0) }))
    .filter(({ values }) => values.some((value) => value !== null && value > 0));
}

/** Stacks lines. A gap stays a gap. */
export function stackPast(lines: readonly Line[]): Line[] {
  const sums: Line[] = [];
  for (const values of lines) {
    const below = sums.at(-1);
    sums.push(values.map((value, index) => (value === null ? null : value + (below?.[index] ?? 0))));
  }
  return sums;
}
