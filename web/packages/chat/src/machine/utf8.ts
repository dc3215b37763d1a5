/** The bytes of a text in UTF-8. It must not have half of a surrogate pair. Counted by hand: React Native may have no `TextEncoder`. */
export function utf8Length(text: string): number {
  return encodeURIComponent(text).replace(/%../g, "_").length;
}
