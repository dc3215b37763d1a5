/** Converters of attributes. */

import type { ComplexAttributeConverter } from "lit";

/**
 * A switch that is on unless the attribute is `false`; a missing attribute is on, so that plain HTML can turn it off.
 */
export const onByDefault: ComplexAttributeConverter<boolean> = {
  fromAttribute: (value) => value?.trim().toLowerCase() !== "false",
  toAttribute: (value) => (value ? null : "false"),
};
