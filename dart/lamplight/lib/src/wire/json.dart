/// Reads objects of the JSON mapping of proto3. A field that is absent or null
/// has the default value. A 64-bit number may be a string. Unknown fields are
/// ignored. A value of a wrong type causes a [FormatException].
library;

/// A JSON object.
extension type JsonObject(Map<String, Object?> _fields) {
  /// Converts a value that must be an object.
  factory JsonObject.of(Object? value) => value is Map<String, Object?>
      ? JsonObject(value)
      : throw FormatException('the value is not an object');

  /// Whether the field is present and not null.
  bool has(String name) => _fields[name] != null;

  /// The names of the fields that are present and not null.
  Iterable<String> get names => _fields.keys.where(has);

  /// A string; empty if absent.
  String text(String name) => switch (_fields[name]) {
        null => '',
        final String text => text,
        _ => throw FormatException('$name is not a string'),
      };

  /// A boolean; false if absent.
  bool flag(String name) => switch (_fields[name]) {
        null => false,
        final bool flag => flag,
        _ => throw FormatException('$name is not a boolean'),
      };

  /// A number that is not negative; 0 if absent. A number above the largest
  /// safe integer becomes that integer.
  int count(String name) {
    final number = large(name);
    return number < _largest ? number.toInt() : _largest.toInt();
  }

  /// An unsigned 64-bit number; 0 if absent.
  BigInt large(String name) {
    final number = switch (_fields[name]) {
      null => BigInt.zero,
      final int number => BigInt.from(number),
      // JSON has no infinity, but the decoder reads `1e999` as infinity.
      final double number
          when number.isFinite && number == number.truncateToDouble() =>
        BigInt.from(number),
      // BigInt also parses texts such as `0x1f` and ` 5`, which are not JSON
      // numbers.
      final String digits when _digits.hasMatch(digits) => BigInt.parse(digits),
      _ => null,
    };
    if (number == null || number.isNegative || number.bitLength > 64) {
      throw FormatException('$name is not a number');
    }
    return number;
  }

  /// A time in milliseconds since 1970 (UTC); null if absent or 0.
  DateTime? time(String name) {
    final at = count(name);
    if (at == 0) return null;
    return DateTime.fromMillisecondsSinceEpoch(
      at < _latest ? at : _latest,
      isUtc: true,
    );
  }

  /// The value of a field of any type; null if absent.
  Object? operator [](String name) => _fields[name];

  /// An object; null if absent.
  JsonObject? object(String name) =>
      has(name) ? JsonObject.of(_fields[name]) : null;

  /// The items of a list; empty if it is absent.
  List<Object?> items(String name) => switch (_fields[name]) {
        null => const [],
        final List<Object?> items => items,
        _ => throw FormatException('$name is not a list'),
      };

  /// The objects of a list, converted by [read]. An object for which [read]
  /// returns null is skipped.
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

/// Reads a value of an enum by its name or number. Null if it is absent, or if
/// this version does not know it.
T? wordOf<T extends Object>(
  Object? value,
  T? Function(String name) byName,
  T? Function(int number) byNumber,
) =>
    switch (value) {
      null => null,
      final String name => byName(name),
      final int number => byNumber(number),
      _ => throw const FormatException(
          'the value of an enum is neither a name nor a number',
        ),
    };

/// An integer with at most as many digits as the largest unsigned 64-bit
/// number.
final _digits = RegExp(r'^-?[0-9]{1,20}$');

/// The largest number that a Dart `int` holds exactly on every platform.
final _largest = BigInt.from(9007199254740991);

/// The latest time that a [DateTime] can have.
const _latest = 8640000000000000;
