/// The search for the user because of whom a call was refused.
library;

import 'dart:math';

/// The users of calls that were refused because one of their users is not a
/// userID. The answer does not name this user, so the calls are divided: the
/// size of a call halves with each refusal, until a call names the invalid user
/// alone.
class Suspects {
  /// The maximum number of users in the next call with a suspect.
  final Map<String, int> _sizes = {};

  /// Returns the users of the next call, at most [most] of them. Suspects are
  /// in no call with users of larger calls.
  List<String> together(Iterable<String> users, int most) {
    if (users.isEmpty) {
      return const [];
    }
    final size = _sizes[users.first];
    return users
        .where((user) => _sizes[user] == size)
        .take(size == null ? most : min(most, size))
        .toList();
  }

  /// Handles a refusal of a call with these users. Returns the invalid user;
  /// nobody if the call must be divided.
  List<String> refused(List<String> users) {
    for (final user in users) {
      _sizes[user] = (users.length + 1) ~/ 2;
    }
    return users.length == 1 ? users : const [];
  }

  /// Handles an answer to a call with these users: they are userIDs.
  void accepted(Iterable<String> users) {
    users.forEach(_sizes.remove);
  }

  void clear() {
    _sizes.clear();
  }
}
