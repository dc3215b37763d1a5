/** Converters of attributes to properties. */

import type { ComplexAttributeConverter } from "lit";

/** The converter of a switch that is on by default. The attribute value `false` turns it off in HTML. */
export const onByDefault: ComplexAttributeConverter<boolean> = {
  fromAttribute: (value) => value?.trim().toLowerCase() !== "false",
  toAttribute: (value) => (value ? null : "false"),
};
