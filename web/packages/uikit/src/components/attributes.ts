/** Converters of attributes to properties. */

import type { ComplexAttributeConverter } from "lit";

/**
 * The converter of a switch that is on by default. Only the attribute value `false`, which plain HTML can set, turns
 * it off.
 */
export const onByDefault: ComplexAttributeConverter<boolean> = {
  fromAttribute: (value) => value?.trim().toLowerCase() !== "false",
  toAttribute: (value) => (value ? null : "false"),
};
