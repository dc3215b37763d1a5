/// The initials for a user without a picture, and the colour behind them.
library;

export '../model/display_name.dart';

/// The number of colours for users without a picture.
const int tints = 8;

/// Returns the initials of a name. For a name in an East Asian script, they are
/// its first character. For other names, they are the first letters of the
/// first and the last word.
String initialsOf(String name) {
  final words = name
      .trim()
      .split(_gaps)
      .where((word) => _letter.hasMatch(word))
      .toList();
  final first = _signOf(words.isEmpty ? name : words.first);
  if (_eastAsian.hasMatch(first)) {
    return first;
  }
  final last = words.length > 1 ? _signOf(words.last) : '';
  return '$first$last'.toUpperCase();
}

/// Returns a number from 0 to [tints] - 1, which is always the same for a user.
int tintOf(String userId) {
  var hash = 2166136261;
  for (final rune in userId.runes) {
    hash = _times16777619((hash ^ rune) & 0xffffffff);
  }
  return (hash >> 8) % tints;
}

/// Returns the lower 32 bits of the product of `hash` and 16777619, which is
/// 2^24 + 403. On the web, a number cannot represent the whole product, so it
/// is computed in parts.
int _times16777619(int hash) =>
    (((hash & 0xff) * 0x1000000) + hash * 403) & 0xffffffff;

final RegExp _gaps = RegExp(r'[\s_.-]+', unicode: true);
final RegExp _letter = RegExp(r'[\p{L}\p{N}]', unicode: true);
final RegExp _sign = RegExp(r'[\p{L}\p{N}]\p{M}*', unicode: true);
final RegExp _eastAsian = RegExp(
  r'\p{sc=Han}|\p{sc=Hiragana}|\p{sc=Katakana}|\p{sc=Hangul}',
  unicode: true,
);

/// The first character of a word with its combining marks, in upper case.
String _signOf(String word) =>
    _sign.stringMatch(word) ??
    (word.isEmpty ? '' : String.fromCharCode(word.runes.first));
