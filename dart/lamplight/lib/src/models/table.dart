/// One list of the own user: a fold over pages that were read, answers to own
/// calls, and changes that the server tells.
///
/// Every piece says how often the lists had changed when it was written; of
/// two pieces about the same row the newer one stays, in whatever order they
/// come. While a list is read again, the rows shown before stay shown; while
/// it is read for the first time, its pages are shown as they come.
library;

final class _Row<T> {
  _Row(this.value, this.version);

  final T value;
  final int version;
}

/// The rows of one list by their key.
final class ListTable<T> {
  /// The rows of the last complete reading, kept up to date; null until the
  /// list was read once.
  Map<String, T>? _shown;

  /// The rows that are known: while the list is read, the rows read so far
  /// and those that were told meanwhile.
  Map<String, _Row<T>> _rows = {};

  /// Rows that went while the list was read, and when: an older page does not
  /// bring them back.
  final Map<String, int> _gone = {};
  bool _isReading = false;

  /// Whether the list was read to its end once.
  bool get isComplete => _shown != null;

  /// The rows that can be shown.
  Iterable<T> get visible =>
      _shown?.values ?? _rows.values.map((row) => row.value);

  /// The row of a key, as it is known.
  T? operator [](String key) => _rows[key]?.value ?? _shown?[key];

  /// Forgets everything: the session is over.
  void clear() {
    _shown = null;
    _rows = {};
    _gone.clear();
    _isReading = false;
  }

  /// Takes in that the list is going to be read from its beginning.
  void beginReading() {
    _rows = {};
    _gone.clear();
    _isReading = true;
  }

  /// Takes in rows as they were at a version. [isPage]: rows of a reading,
  /// which are shown when all of it was read.
  void put(Map<String, T> rows, int version, {bool isPage = false}) {
    for (final MapEntry(:key, :value) in rows.entries) {
      if ((_rows[key]?.version ?? _gone[key] ?? 0) > version) {
        continue;
      }
      _rows[key] = _Row(value, version);
      _gone.remove(key);
      if (!isPage) {
        _shown?[key] = value;
      }
    }
  }

  /// Takes in rows that were gone at a version.
  void drop(Iterable<String> keys, int version) {
    for (final key in keys) {
      if ((_rows[key]?.version ?? 0) > version) {
        continue;
      }
      _rows.remove(key);
      _shown?.remove(key);
      if (_isReading) {
        _gone[key] = version;
      }
    }
  }

  /// Changes a row, if there is one, and leaves its version as it is.
  void revise(String key, T Function(T row) apply) {
    final row = _rows[key];
    if (row != null) {
      _rows[key] = _Row(apply(row.value), row.version);
    }
    final shown = _shown?[key];
    if (shown != null) {
      _shown![key] = apply(shown);
    }
  }

  /// Takes in that the last page was read: the rows that are known are shown.
  void endReading() {
    _shown = {
      for (final MapEntry(:key, :value) in _rows.entries) key: value.value,
    };
    _gone.clear();
    _isReading = false;
  }
}
