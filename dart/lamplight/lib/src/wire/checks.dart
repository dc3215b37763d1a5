/// Rules of the contract for texts.
library;

/// Whether a text is a userID: 1 to 32 bytes of printable ASCII.
bool isUserId(String text) => isPrintable(text, 32);

/// Whether a text is 1 to [most] bytes of printable ASCII.
bool isPrintable(String text, int most) {
  if (text.isEmpty || text.length > most) return false;
  return text.codeUnits.every((unit) => unit >= 0x20 && unit <= 0x7e);
}
