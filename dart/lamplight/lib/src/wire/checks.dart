/// Checks texts against the rules of the wire contract.
library;

/// Whether a text is a userID: 1 to 32 bytes of printable ASCII.
bool isUserId(String text) => isPrintable(text, 32);

/// Whether a text is 1 to [most] bytes of printable ASCII.
bool isPrintable(String text, int most) {
  if (text.isEmpty || text.length > most) return false;
  return text.codeUnits.every((unit) => unit >= 0x20 && unit <= 0x7e);
}

/// Whether UTF-8 can encode a text. It cannot encode half of a surrogate pair.
bool isUnicode(String text) {
  for (var i = 0; i < text.length; i++) {
    final unit = text.codeUnitAt(i);
    if (unit & 0xf800 != 0xd800) continue;
    // The first half of a surrogate pair must be followed by the second half.
    if (unit & 0xfc00 != 0xd800 || i + 1 == text.length) return false;
    if (text.codeUnitAt(++i) & 0xfc00 != 0xdc00) return false;
  }
  return true;
}
