/// The reading of a name, by which it is sorted, and the letter under which it
/// is listed.
library;

import 'dart:typed_data';

import 'pinyin_table.dart';

/// Converts a Chinese name to its reading.
typedef Pinyin = String Function(String name);

/// The letters of an index, in their order. `#` is for names without a letter.
const String indexLetters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ#';

/// Returns the pinyin of a name without tones, with one syllable for each
/// Chinese character. A surname at the beginning gets its reading as a surname.
String pinyinOf(String name) {
  final syllables = <String>[];
  final runes = name.runes.toList();
  for (final length in const [2, 1]) {
    if (runes.length >= length) {
      final head = String.fromCharCodes(runes.take(length));
      final reading = _readings.surnames[head];
      if (reading != null) {
        syllables.addAll(reading);
        break;
      }
    }
  }
  for (final rune in runes.skip(syllables.length)) {
    syllables.add(_readings.of(rune) ?? String.fromCharCode(rune));
  }
  return syllables.join(' ');
}

/// Returns the text by which a name is sorted. For a Chinese name, it is the
/// pinyin, or an empty text if [pinyin] is null.
String readingOf(String name, Pinyin? pinyin) {
  final trimmed = name.trim();
  return _chinese.hasMatch(trimmed) ? pinyin?.call(trimmed) ?? '' : trimmed;
}

/// Returns the first letter of a reading without its accents; `#` if it does
/// not begin with a letter.
String letterOf(String reading) {
  if (reading.isEmpty) {
    return '#';
  }
  final first = String.fromCharCode(reading.runes.first);
  final letter = (_accents[first] ?? first).toUpperCase();
  return letter.length == 1 && _latin.hasMatch(letter) ? letter : '#';
}

/// Compares two readings. Accents and case are ignored, and numbers are
/// compared by their values.
int compareReadings(String one, String other) {
  final left = _parts(one);
  final right = _parts(other);
  for (var i = 0; i < left.length && i < right.length; i++) {
    final byPart = _comparePart(left[i], right[i]);
    if (byPart != 0) {
      return byPart;
    }
  }
  return left.length.compareTo(right.length);
}

int _comparePart(String one, String other) {
  final isNumber = _digits.hasMatch(one);
  if (isNumber && _digits.hasMatch(other)) {
    return BigInt.parse(one).compareTo(BigInt.parse(other));
  }
  return one.compareTo(other);
}

/// Splits a reading into parts. Each run of digits is a part, and each other
/// character is a part.
List<String> _parts(String reading) => [
      for (final match in _part.allMatches(reading))
        (_accents[match[0]] ?? match[0]!).toLowerCase(),
    ];

final RegExp _chinese = RegExp(r'^\p{sc=Han}', unicode: true);
final RegExp _latin = RegExp('^[A-Z]');
final RegExp _digits = RegExp(r'^[0-9]+$');
final RegExp _part = RegExp('[0-9]+|.', unicode: true, dotAll: true);

/// The letter without an accent for each letter with an accent.
final Map<String, String> _accents = {
  for (final MapEntry(key: letter, value: accented) in _accented.entries)
    for (final rune in accented.runes) String.fromCharCode(rune): letter,
};

const Map<String, String> _accented = {
  'A': 'ÀÁÂÃÄÅĀĂĄǍǞǠǺȀȂȦḀẠẢẤẦẨẪẬẮẰẲẴẶ',
  'B': 'ḂḄḆ',
  'C': 'ÇĆĈĊČḈ',
  'D': 'ĎḊḌḎḐḒ',
  'E': 'ÈÉÊËĒĔĖĘĚȄȆȨḔḖḘḚḜẸẺẼẾỀỂỄỆ',
  'F': 'Ḟ',
  'G': 'ĜĞĠĢǦǴḠ',
  'H': 'ĤȞḢḤḦḨḪ',
  'I': 'ÌÍÎÏĨĪĬĮİǏȈȊḬḮỈỊ',
  'J': 'Ĵ',
  'K': 'ĶǨḰḲḴ',
  'L': 'ĹĻĽḶḸḺḼ',
  'M': 'ḾṀṂ',
  'N': 'ÑŃŅŇǸṄṆṈṊ',
  'O': 'ÒÓÔÕÖŌŎŐƠǑǪǬȌȎȪȬȮȰṌṎṐṒỌỎỐỒỔỖỘỚỜỞỠỢ',
  'P': 'ṔṖ',
  'R': 'ŔŖŘȐȒṘṚṜṞ',
  'S': 'ŚŜŞŠȘṠṢṤṦṨ',
  'T': 'ŢŤȚṪṬṮṰ',
  'U': 'ÙÚÛÜŨŪŬŮŰŲƯǓǕǗǙǛȔȖṲṴṶṸṺỤỦỨỪỬỮỰ',
  'V': 'ṼṾ',
  'W': 'ŴẀẂẄẆẈ',
  'X': 'ẊẌ',
  'Y': 'ÝŶŸȲẎỲỴỶỸ',
  'Z': 'ŹŻŽẐẒẔ',
  'a': 'àáâãäåāăąǎǟǡǻȁȃȧḁạảấầẩẫậắằẳẵặ',
  'b': 'ḃḅḇ',
  'c': 'çćĉċčḉ',
  'd': 'ďḋḍḏḑḓ',
  'e': 'èéêëēĕėęěȅȇȩḕḗḙḛḝẹẻẽếềểễệ',
  'f': 'ḟ',
  'g': 'ĝğġģǧǵḡ',
  'h': 'ĥȟḣḥḧḩḫẖ',
  'i': 'ìíîïĩīĭįǐȉȋḭḯỉị',
  'j': 'ĵǰ',
  'k': 'ķǩḱḳḵ',
  'l': 'ĺļľḷḹḻḽ',
  'm': 'ḿṁṃ',
  'n': 'ñńņňǹṅṇṉṋ',
  'o': 'òóôõöōŏőơǒǫǭȍȏȫȭȯȱṍṏṑṓọỏốồổỗộớờởỡợ',
  'p': 'ṕṗ',
  'r': 'ŕŗřȑȓṙṛṝṟ',
  's': 'śŝşšșṡṣṥṧṩ',
  't': 'ţťțṫṭṯṱẗ',
  'u': 'ùúûüũūŭůűųưǔǖǘǚǜȕȗṳṵṷṹṻụủứừửữự',
  'v': 'ṽṿ',
  'w': 'ŵẁẃẅẇẉẘ',
  'x': 'ẋẍ',
  'y': 'ýÿŷȳẏẙỳỵỷỹ',
  'z': 'źżžẑẓẕ',
};

final _Readings _readings = _Readings();

/// The pinyin tables in a form that is fast to search. It is created when the
/// first Chinese name is read.
class _Readings {
  _Readings() {
    for (final match in _entry.allMatches(pinyinTable)) {
      _syllables.add(match[1]!);
      for (final unit in match[2]!.codeUnits) {
        _indexes[unit - _first] = _syllables.length;
      }
    }
    for (final entry in surnameTable.split(' ')) {
      final match = _surname.firstMatch(entry)!;
      surnames[match[1]!] = match[2]!.split(',');
    }
  }

  static const int _first = 0x4e00;
  static const int _last = 0x9fff;
  static final RegExp _entry = RegExp('([a-z]+)([^a-z]+)');
  static final RegExp _surname = RegExp('^([^a-z]+)([a-z,]+)');

  final Map<String, List<String>> surnames = {};
  final List<String> _syllables = [];

  /// For each character: the number of its syllable, from 1; 0 if it has none.
  final Uint16List _indexes = Uint16List(_last - _first + 1);

  /// Returns the syllable of a character; null if the table does not have it.
  String? of(int rune) {
    if (rune < _first || rune > _last) {
      return null;
    }
    final index = _indexes[rune - _first];
    return index == 0 ? null : _syllables[index - 1];
  }
}
