/// Subscribing again after the server has given the list up: which users, how
/// many at once, and when.
///
/// Knows no messages and no clock. Survives a broken link: what was not
/// answered is asked again.
library;

import 'dart:math';

/// The most users in one call; the default limit of an app.
const _batch = 100;

/// The least time between two calls, in milliseconds. Half of what the default
/// limit of 20 calls in 5 s allows: the application's own calls, and the
/// account's other devices, share it.
const restorePace = 500;

/// The wait after a refusal that passes with time, in milliseconds: the window
/// of the default rate limit.
const restoreAfterRefusal = 5000;

/// Users that will not be subscribed to again, and those of them that are not
/// watched: not as a friend either.
typedef Lost = ({List<String> users, List<String> notWatched});

/// The users that are to be subscribed to again.
final class Restore {
  List<String> _waiting = [];

  /// The batch that was sent and not answered.
  List<String>? _sent;

  /// Of these users, those of whom the server has said that they are not
  /// watched. They leave the cache only if they are not subscribed to again.
  final Set<String> _unwatched = {};

  int _most = _batch;
  int _notBefore = 0;

  /// Begins with these users, earliest subscribed first. Replaces what was
  /// left of an earlier restore, which had the same list as its source.
  void begin(Iterable<String> users) {
    _waiting = [...users];
    _sent = null;
    _unwatched.clear();
  }

  /// Takes in that the server has said that these users are not watched.
  /// Returns those that are not to be subscribed to again.
  List<String> notWatched(Iterable<String> users) {
    final covered = {..._waiting, ...?_sent};
    final left = <String>[];
    for (final user in users) {
      covered.contains(user) ? _unwatched.add(user) : left.add(user);
    }
    return left;
  }

  /// Whether nothing is left to do.
  bool get isIdle => _waiting.isEmpty && _sent == null;

  /// The moment from which [nextBatch] has something; null: not before
  /// something else happens.
  int? get due => _sent == null && _waiting.isNotEmpty ? _notBefore : null;

  /// The next users to subscribe to; one call is under way at a time.
  List<String>? nextBatch(int now) {
    final at = due;
    if (at == null || now < at) return null;
    _notBefore = now + restorePace;
    final count = min(_most, _waiting.length);
    final batch = _waiting.sublist(0, count);
    _waiting = _waiting.sublist(count);
    _sent = batch;
    return batch;
  }

  /// Takes in the answer to a call, which failed for these users.
  ({List<String> kept, Lost lost}) answered(Set<String> failed) {
    final sent = _sent ?? const [];
    _sent = null;
    final kept = [
      for (final user in sent)
        if (!failed.contains(user)) user,
    ];
    _unwatched.removeAll(kept);
    return (kept: kept, lost: _lose(sent.where(failed.contains)));
  }

  /// Takes in that the call was refused for now.
  void refusedForNow(int now) {
    putBack();
    _notBefore = now + restoreAfterRefusal;
  }

  /// Takes in that the call was refused because this app allows fewer users in
  /// one. Returns whether there is a smaller one to try.
  bool batchTooLarge() {
    putBack();
    final smaller = _most ~/ 2;
    _most = max(smaller, 1);
    return smaller > 0;
  }

  /// Takes in that the link broke: the call that was under way is asked again
  /// on the next one.
  void putBack() {
    _waiting = [...?_sent, ..._waiting];
    _sent = null;
  }

  /// Takes in that the application does not want these users any longer.
  Lost forget(Set<String> users) {
    final lost = _waiting.where(users.contains).toList();
    _waiting = [
      for (final user in _waiting)
        if (!users.contains(user)) user,
    ];
    return _lose(lost);
  }

  /// Gives all up.
  Lost giveUp() {
    putBack();
    final lost = _waiting;
    _waiting = [];
    return _lose(lost);
  }

  Lost _lose(Iterable<String> users) {
    final lost = users.toList();
    final notWatched = lost.where(_unwatched.contains).toList();
    _unwatched.removeAll(lost);
    return (users: lost, notWatched: notWatched);
  }
}
