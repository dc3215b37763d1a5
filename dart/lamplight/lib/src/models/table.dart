/// One list of the own user, combined from the pages that were read, the
/// answers to own calls, and the changes that the server sends.
///
/// Every value has a lists version. Of two values of a row, the table keeps the
/// one with the higher version, in any order of arrival. While a list is read
/// again, its earlier rows stay visible. During the first reading, the pages
/// become visible one by one.
library;

final class _Row<T> {
  _Row(this.value, this.version);

  final T value;
  final int version;
}

/// The rows of one list by their key.
final class ListTable<T> {
  /// The rows of the last complete reading, with later changes. Null until the
  /// list was read once.
  Map<String, T>? _shown;

  /// The known rows. During a reading, only the rows that were read or sent
  /// since the reading began.
  Map<String, _Row<T>> _rows = {};

  /// The versions of rows removed during a reading. An older page must not
  /// restore them.
  final Map<String, int> _gone = {};
  bool _isReading = false;

  /// Whether the list was read to its end at least once.
  bool get isComplete => _shown != null;

  /// The visible rows.
  Iterable<T> get visible =>
      _shown?.values ?? _rows.values.map((row) => row.value);

  /// The row with this key; null if there is none.
  T? operator [](String key) => _rows[key]?.value ?? _shown?[key];

  /// Removes all rows at the end of the session.
  void clear() {
    _shown = null;
    _rows = {};
    _gone.clear();
    _isReading = false;
  }

  /// Prepares the table for reading the list from its beginning.
  void beginReading() {
    _rows = {};
    _gone.clear();
    _isReading = true;
  }

  /// Adds rows with their lists version. With [isPage], they belong to a
  /// reading: the earlier rows stay visible until the whole list has been read.
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

  /// Removes rows; [version] is the lists version of the removal.
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

  /// Changes a row without changing its version. Does nothing if there is no
  /// row.
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

  /// Ends a reading after the last page, and makes its rows visible.
  void endReading() {
    _shown = {
      for (final MapEntry(:key, :value) in _rows.entries) key: value.value,
    };
    _gone.clear();
    _isReading = false;
  }
}
