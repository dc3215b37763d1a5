/// Reads objects of proto3's JSON mapping: what is absent or null has the
/// value of nothing, 64-bit numbers may be strings, and fields that are not
/// asked for are left out of account. A value of the wrong kind is a
/// [FormatException].
library;

/// A JSON object.
extension type JsonObject(Map<String, Object?> _fields) {
  /// Takes a value for an object.
  factory JsonObject.of(Object? value) => value is Map<String, Object?>
      ? JsonObject(value)
      : throw FormatException('an object was expected');

  /// Whether the field is there.
  bool has(String name) => _fields[name] != null;

  /// The names of the fields that are there.
  Iterable<String> get names => _fields.keys.where(has);

  /// A string; empty if it is absent.
  String text(String name) => switch (_fields[name]) {
        null => '',
        final String text => text,
        _ => throw FormatException('$name is not a string'),
      };

  /// A boolean; false if it is absent.
  bool flag(String name) => switch (_fields[name]) {
        null => false,
        final bool flag => flag,
        _ => throw FormatException('$name is not a boolean'),
      };

  /// A non-negative number; 0 if it is absent. Values above the largest safe
  /// integer are clamped.
  int count(String name) {
    final number = large(name);
    return number < _largest ? number.toInt() : _largest.toInt();
  }

  /// An unsigned 64-bit number; 0 where it is absent.
  BigInt large(String name) {
    final number = switch (_fields[name]) {
      null => BigInt.zero,
      final int number => BigInt.from(number),
      // JSON has no infinity, but `1e999` is read as one.
      final double number
          when number.isFinite && number == number.truncateToDouble() =>
        BigInt.from(number),
      // What BigInt reads beside these, such as `0x1f` and ` 5`, is no number
      // of JSON.
      final String digits when _digits.hasMatch(digits) => BigInt.parse(digits),
      _ => null,
    };
    if (number == null || number.isNegative || number.bitLength > 64) {
      throw FormatException('$name is no number');
    }
    return number;
  }

  /// A moment in UTC milliseconds; null where it is absent or 0.
  DateTime? time(String name) {
    final at = count(name);
    if (at == 0) return null;
    return DateTime.fromMillisecondsSinceEpoch(
      at < _latest ? at : _latest,
      isUtc: true,
    );
  }

  /// The value of a field, whatever it is; null where it is absent.
  Object? operator [](String name) => _fields[name];

  /// An object; null where it is absent.
  JsonObject? object(String name) =>
      has(name) ? JsonObject.of(_fields[name]) : null;

  /// The items of a list; none where it is absent.
  List<Object?> items(String name) => switch (_fields[name]) {
        null => const [],
        final List<Object?> items => items,
        _ => throw FormatException('$name is no list'),
      };

  /// The objects of a list, as [read] reads them; what it reads as null is
  /// left out.
  List<T> objects<T extends Object>(
    String name,
    T? Function(JsonObject object) read,
  ) =>
      [
        for (final item in items(name))
          if (read(JsonObject.of(item)) case final T value) value,
      ];

  /// The strings of a list.
  List<String> texts(String name) => [
        for (final item in items(name))
          item is String
              ? item
              : throw FormatException('$name is not a list of strings'),
      ];
}

/// Reads a value of an enum, by its name or its number. Null: it is absent, or
/// only a newer contract has it.
T? wordOf<T extends Object>(
  Object? value,
  T? Function(String name) byName,
  T? Function(int number) byNumber,
) =>
    switch (value) {
      null => null,
      final String name => byName(name),
      final int number => byNumber(number),
      _ => throw const FormatException('an enum was expected'),
    };

/// As many digits as the largest unsigned 64-bit number has.
final _digits = RegExp(r'^-?[0-9]{1,20}$');

/// The largest number that a Dart `int` holds exactly on every platform.
final _largest = BigInt.from(9007199254740991);

/// The latest moment that a [DateTime] can be.
const _latest = 8640000000000000;
