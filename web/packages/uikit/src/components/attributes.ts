/** Converters of attributes to properties. */

import type { ComplexAttributeConverter } from "lit";

/** The converter of a switch that is on by default. Plain HTML can turn it off with the attribute value `false`. */
export const onByDefault: ComplexAttributeConverter<boolean> = {
  fromAttribute: (value) => value?.trim().toLowerCase() !== "false",
  toAttribute: (value) => (value ? null : "false"),
};
