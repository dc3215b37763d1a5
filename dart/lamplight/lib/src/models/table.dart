/// One list of this user. It combines the pages that were read, the answers to
/// this client's calls, and the changes that the server sends.
///
/// Every row has a lists version. Of two values of a row, the table keeps the
/// one with the higher version, in whichever order they arrive. While a list is
/// read again, its earlier rows stay visible. While a list is read for the
/// first time, its pages become visible one by one.
library;

final class _Row<T> {
  _Row(this.value, this.version);

  final T value;
  final int version;
}

/// The rows of one list by their key.
final class ListTable<T> {
  /// The rows of the last complete reading, with later changes. Null until the
  /// list was read completely once.
  Map<String, T>? _shown;

  /// The known rows. While the list is being read, these are the rows that were
  /// read or sent since the reading began.
  Map<String, _Row<T>> _rows = {};

  /// For each row that was removed during the present reading of the list: the
  /// lists version of the removal. An older page must not add the row again.
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

  /// Prepares the table for a reading of the list from its beginning.
  void beginReading() {
    _rows = {};
    _gone.clear();
    _isReading = true;
  }

  /// Adds rows with their lists version. If [isPage], they are a page of a
  /// reading. The earlier rows then stay visible until the whole list was read.
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

  /// Removes rows. [version] is the lists version of the removal.
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

  /// Changes a row, but not its version. Does nothing if the row does not
  /// exist.
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
