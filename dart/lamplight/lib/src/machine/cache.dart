/// The last known status of each watched user: one fold over all statuses that
/// the server sends.
///
/// Holds the newest version of each user and nothing of users that are not
/// watched. Does not know who told it, nor who is told of the difference it
/// hands back. As large as what the account watches, which the server bounds.
library;

import 'dart:convert';

import '../model/status.dart';

/// The statuses of the watched users.
final class Cache {
  final Map<String, UserStatus> _statuses = {};

  /// Takes in statuses of watched users, and returns those that differ from
  /// before: each user at most once. A status that is older or equal is
  /// dropped, unless [replaces] says that it holds even where it is older.
  List<UserStatus> fold(
    Iterable<UserStatus> told, [
    bool Function(UserStatus status)? replaces,
  ]) {
    final changed = <String, UserStatus>{};
    for (final status in told) {
      final isReplacing = replaces != null && replaces(status);
      final held = _statuses[status.userId];
      if (held == null ||
          held.version < status.version ||
          (isReplacing && held != status)) {
        _statuses[status.userId] = status;
        changed[status.userId] = status;
      }
    }
    return [...changed.values];
  }

  /// Of the statuses that a query was answered with, those of watched users:
  /// of others nothing is kept.
  Iterable<UserStatus> watched(Iterable<UserStatus> told) =>
      told.where((status) => _statuses.containsKey(status.userId));

  /// Forgets users that are not watched any longer; returns those it held.
  List<String> remove(Iterable<String> users) => [
        for (final user in users)
          if (_statuses.remove(user) != null) user,
      ];

  /// Forgets everyone.
  void clear() => _statuses.clear();

  /// The last known status of a user.
  UserStatus? operator [](String user) => _statuses[user];

  /// All users.
  Iterable<String> get users => _statuses.keys;

  /// All statuses, by rising userID.
  List<UserStatus> get statuses => [..._statuses.values]
    ..sort((one, other) => one.userId.compareTo(other.userId));

  /// The versions held, newest first, as many as fit into [budget] bytes of a
  /// login. Of the others the server simply tells again.
  List<Map<String, Object?>> known(int budget) {
    final newest = [..._statuses.values]..sort((one, other) {
        final byVersion = other.version.compareTo(one.version);
        return byVersion != 0 ? byVersion : one.userId.compareTo(other.userId);
      });
    final known = <Map<String, Object?>>[];
    var left = budget;
    for (final status in newest) {
      final entry = {'userId': status.userId, 'version': '${status.version}'};
      // A comma goes before it. A userID is ASCII.
      left -= jsonEncode(entry).length + 1;
      if (left < 0) break;
      known.add(entry);
    }
    return known;
  }
}
