/**
 * Returns the size of a text in UTF-8, in bytes. The text must not contain half of a surrogate pair. The function
 * does not need `TextEncoder`, which React Native may lack.
 */
export function utf8Length(text: string): number {
  return encodeURIComponent(text).replace(/%../g, "_").length;
}
