/**
 * The size of a text in UTF-8, which must not have half of a surrogate pair. Computed here because React Native may
 * have no `TextEncoder`.
 */
export function utf8Length(text: string): number {
  return encodeURIComponent(text).replace(/%../g, "_").length;
}
