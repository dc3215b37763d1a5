/** A form for the settings of an app: the settings that were read, the draft, and the text of each number field. */

import type { Tagged } from "../api/client.js";
import type { GivenSettings } from "../api/client.js";
import type { App, Bounds } from "../api/shapes.js";
import {
  DEVICE_FIELDS,
  JWT_FIELDS,
  LIMIT_FIELDS,
  TIMING_FIELDS,
  fieldText,
  problemOf,
  readField,
  type NumberField,
} from "./fields.js";
import { changes, merge, valueAt, withValue, type Draft, type Merged, type Value } from "./paths.js";

export interface Form {
  /** The app as it was read. Its tag is sent when the form is saved. */
  base: Tagged<App>;
  draft: Draft;
  /** The texts in number fields, by path. Such a text may not be a number. */
  typed: Readonly<Record<string, string>>;
}

const FIELDS = [...DEVICE_FIELDS, ...LIMIT_FIELDS, ...TIMING_FIELDS, ...JWT_FIELDS];

/** The minimum length of a secret for JWTs, in bytes. */
const SHORTEST_SECRET = 32;

/** Creates a form without changes. */
export function formOf(base: Tagged<App>): Form {
  return { base, draft: structuredClone(base.value.settings), typed: {} };
}

/** Returns the fields of the numbers that this server has. An older server may lack some. */
export function present(form: Form, fields: readonly NumberField[]): NumberField[] {
  return fields.filter((field) => valueAt(form.base.value.settings, field.path) !== undefined);
}

export function edit(form: Form, path: string, value: Value | undefined): Form {
  return { ...form, draft: withValue(form.draft, path, value) };
}

/** Handles an input in a number field. The draft is changed only if the text is a number. */
export function type(form: Form, field: NumberField, text: string): Form {
  const value = readField(text, field.unit);
  const typed = { ...form.typed, [field.path]: text };
  return value === undefined ? { ...form, typed } : { ...edit(form, field.path, value), typed };
}

/** Returns the text of a number field. */
export function textOf(form: Form, field: NumberField): string {
  return form.typed[field.path] ?? fieldText(Number(valueAt(form.draft, field.path)), field.unit);
}

/** Returns the paths with unsaved changes. */
export function unsaved(form: Form): string[] {
  const changed = changes(form.base.value.settings, form.draft);
  // A text that is not a number counts as a change too, although it cannot be saved.
  const unreadable = FIELDS.filter(
    (field) =>
      form.typed[field.path] !== undefined && readField(form.typed[field.path] ?? "", field.unit) === undefined,
  );
  return [...new Set([...changed, ...unreadable.map((field) => field.path)])];
}

/** Returns the paths whose values cannot be saved. */
export function faults(form: Form, bounds: Bounds): string[] {
  const numbers = present(form, FIELDS).filter(
    (field) => problemOf(textOf(form, field), field, bounds) !== undefined,
  );
  const { name, webhooks, jwt } = form.draft;
  const faults = numbers.map((field) => field.path);
  if (bytes(name) > (bounds["name"]?.[1] ?? Infinity)) faults.push("name");
  if (!isWebAddress(webhooks.state_change_url)) faults.push("webhooks.state_change_url");
  if (!isWebAddress(webhooks.push_url)) faults.push("webhooks.push_url");
  if (!isWebAddress(jwt.jwks_url)) faults.push("jwt.jwks_url");
  if (jwt.user_claim === "") faults.push("jwt.user_claim");
  if (isShortSecret(jwt.secret)) faults.push("jwt.secret");
  return faults;
}

/** Converts the draft to the settings that are sent to the server. */
export function given(form: Form): GivenSettings {
  const { webhooks, jwt, ...settings } = form.draft;
  const { state_change_url, push_url, token } = webhooks;
  const { jwks_url, jwks_file, keys, secret, issuer, audience, user_claim, leeway_s } = jwt;
  return {
    ...settings,
    webhooks: { state_change_url, push_url, ...(token === undefined ? {} : { token }) },
    jwt: {
      jwks_url,
      jwks_file,
      keys,
      issuer,
      audience,
      user_claim,
      leeway_s,
      ...(secret === undefined ? {} : { secret }),
    },
  };
}

/** Applies the changes of this form to the settings that another operator has saved meanwhile. */
export function rebase(form: Form, theirs: Tagged<App>): { form: Form; merged: Merged } {
  const merged = merge(form.base.value.settings, form.draft, theirs.value.settings);
  const mine = new Set(unsaved(form));
  // A field without a change in this form shows the saved value.
  const typed = Object.fromEntries(Object.entries(form.typed).filter(([path]) => mine.has(path)));
  return { form: { base: theirs, draft: merged.settings, typed }, merged };
}

/**
 * Returns whether the server would refuse a secret for JWTs as too short. An empty text removes the secret, and is
 * not too short.
 */
export function isShortSecret(secret: string | undefined): boolean {
  return secret !== undefined && secret !== "" && bytes(secret) < SHORTEST_SECRET;
}

/** Returns whether a text is an `http` or `https` address, or empty. An empty text means that there is no address. */
export function isWebAddress(text: string): boolean {
  if (text === "") return true;
  if (!/^https?:\/\/[^\s/?#]/i.test(text)) return false;
  return URL.canParse(text);
}

export function bytes(text: string): number {
  return new TextEncoder().encode(text).length;
}
