/**
 * Returns the size of a text in UTF-8, in bytes. The text must not have half of a surrogate pair. React Native may
 * lack `TextEncoder`.
 */
export function utf8Length(text: string): number {
  return encodeURIComponent(text).replace(/%../g, "_").length;
}
