/** Reads and changes settings by their path, such as `limits.rate.calls`. Merges the changes of two operators. */

import type { Settings } from "../api/shapes.js";

/** The settings in a form. They contain the token and the secret only if the operator has typed them. */
export interface Draft extends Omit<Settings, "webhooks" | "jwt"> {
  webhooks: Settings["webhooks"] & { token?: string };
  jwt: Settings["jwt"] & { secret?: string };
}

export type Value = string | number | boolean;

export function valueAt(settings: Draft, path: string): Value | undefined {
  let value: unknown = settings;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return isValue(value) ? value : undefined;
}

/** Returns a copy of the settings with another value at a path. `undefined` removes the value. */
export function withValue(settings: Draft, path: string, value: Value | undefined): Draft {
  const copy = structuredClone(settings);
  const names = path.split(".");
  const last = names.pop() ?? "";
  let section = copy as unknown as Record<string, unknown>;
  for (const name of names) section = section[name] as Record<string, unknown>;
  if (value === undefined) {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete
    delete section[last];
  } else {
    section[last] = value;
  }
  return copy;
}

/** Returns the paths of all values, in the order of the settings. */
export function pathsOf(settings: Draft): string[] {
  const paths: string[] = [];
  const walk = (value: unknown, path: string): void => {
    if (isValue(value)) paths.push(path);
    else if (typeof value === "object" && value !== null) {
      for (const [name, inner] of Object.entries(value)) walk(inner, path === "" ? name : `${path}.${name}`);
    }
  };
  walk(settings, "");
  return paths;
}

/** Returns the paths at which two settings differ. */
export function changes(before: Draft, after: Draft): string[] {
  const paths = new Set([...pathsOf(before), ...pathsOf(after)]);
  return [...paths].filter((path) => valueAt(before, path) !== valueAt(after, path));
}

/** The result of a three-way merge: the settings that another operator has saved, with the changes of this form. */
export interface Merged {
  settings: Draft;
  /** The paths that both operators have changed to different values. The value of this form is kept. */
  conflicts: string[];
  /** The paths that only the other operator has changed. */
  theirs: string[];
}

export function merge(base: Draft, mine: Draft, theirs: Draft): Merged {
  const mineChanged = changes(base, mine);
  const theirsChanged = changes(base, theirs);
  let settings = structuredClone(theirs);
  for (const path of mineChanged) settings = withValue(settings, path, valueAt(mine, path));
  return {
    settings,
    conflicts: mineChanged.filter(
      (path) => theirsChanged.includes(path) && valueAt(mine, path) !== valueAt(theirs, path),
    ),
    theirs: theirsChanged.filter((path) => !mineChanged.includes(path)),
  };
}

function isValue(value: unknown): value is Value {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
