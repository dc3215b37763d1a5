/// The cache of the last known status of each watched user.
///
/// The cache has no statuses of other users. Its size is bounded by the number
/// of watched users, which the server limits.
library;

import 'dart:convert';

import '../model/status.dart';

/// The statuses of the watched users.
final class Cache {
  final Map<String, UserStatus> _statuses = {};

  /// Adds statuses of watched users. Returns the statuses that are new or have
  /// changed, each user at most once.
  ///
  /// Drops a status that is not newer than the cached status. If [replaces]
  /// returns true for a status, drops it only if it is equal to the cached
  /// status.
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

  /// Selects the statuses of watched users from the answer to a query. Statuses
  /// of other users must not be cached.
  Iterable<UserStatus> watched(Iterable<UserStatus> told) =>
      told.where((status) => _statuses.containsKey(status.userId));

  /// Removes users who are not watched any more. Returns the removed users who
  /// were in the cache.
  List<String> remove(Iterable<String> users) => [
        for (final user in users)
          if (_statuses.remove(user) != null) user,
      ];

  /// Removes all users.
  void clear() => _statuses.clear();

  /// The last known status of a user; null if the user is not watched.
  UserStatus? operator [](String user) => _statuses[user];

  /// All users.
  Iterable<String> get users => _statuses.keys;

  /// All statuses, in ascending order of userIDs.
  List<UserStatus> get statuses => [..._statuses.values]
    ..sort((one, other) => one.userId.compareTo(other.userId));

  /// The versions of cached statuses, the newest first, that fit into [budget]
  /// bytes of a login request. The server sends the statuses of all other
  /// watched users again.
  List<Map<String, Object?>> known(int budget) {
    final newest = [..._statuses.values]..sort((one, other) {
        final byVersion = other.version.compareTo(one.version);
        return byVersion != 0 ? byVersion : one.userId.compareTo(other.userId);
      });
    final known = <Map<String, Object?>>[];
    var left = budget;
    for (final status in newest) {
      final entry = {'userId': status.userId, 'version': '${status.version}'};
      // One more byte for a comma. The number of characters is the number of
      // bytes, because a userID is ASCII.
      left -= jsonEncode(entry).length + 1;
      if (left < 0) break;
      known.add(entry);
    }
    return known;
  }
}
