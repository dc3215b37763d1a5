/// One list of the own user: a fold over the pages that were read, the answers
/// to own calls, and the changes that the server sends.
///
/// Every value has the lists version at its time; of two values of the same
/// row, the newer one is kept, in whatever order they come. While a list is
/// read again, the rows that were shown before stay visible; while it is read
/// for the first time, its pages are shown as they come.
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

  /// The known rows: while the list is read, the rows read so far and those
  /// that were sent meanwhile.
  Map<String, _Row<T>> _rows = {};

  /// Rows that were removed while the list was read, with their versions, so
  /// that an older page does not restore them.
  final Map<String, int> _gone = {};
  bool _isReading = false;

  /// Whether the list was read to its end at least once.
  bool get isComplete => _shown != null;

  /// The visible rows.
  Iterable<T> get visible =>
      _shown?.values ?? _rows.values.map((row) => row.value);

  /// The known row of a key.
  T? operator [](String key) => _rows[key]?.value ?? _shown?[key];

  /// Drops all rows after the end of the session.
  void clear() {
    _shown = null;
    _rows = {};
    _gone.clear();
    _isReading = false;
  }

  /// Prepares the list for being read from its beginning.
  void beginReading() {
    _rows = {};
    _gone.clear();
    _isReading = true;
  }

  /// Adds rows as of a version. With [isPage], they belong to a reading, and
  /// the visible rows change only when the whole list was read.
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

  /// Removes rows as of a version.
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

  /// Changes a row, if it exists, and keeps its version.
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

  /// Ends reading after the last page, so that the known rows are shown.
  void endReading() {
    _shown = {
      for (final MapEntry(:key, :value) in _rows.entries) key: value.value,
    };
    _gone.clear();
    _isReading = false;
  }
}
