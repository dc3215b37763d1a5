/// Subscribes again after the server has dropped the subscription list. Decides
/// which users are in a batch, and when the batch is sent.
///
/// A restore continues after a broken link. A batch without an answer is sent
/// again.
library;

import 'dart:math';

/// The maximum number of users in one call: the default limit of an app.
const _batch = 100;

/// The shortest time between two calls, in milliseconds. A restore uses half of
/// the default rate limit of 20 calls in 5 s. The application and the account's
/// other devices share the rest.
const restorePace = 500;

/// The wait after a temporary refusal, in milliseconds: the window of the
/// default rate limit.
const restoreAfterRefusal = 5000;

/// The users to whom the client does not subscribe again. Those in `notWatched`
/// are no longer watched, not even as friends.
typedef Lost = ({List<String> users, List<String> notWatched});

/// The users to whom the client still has to subscribe again.
final class Restore {
  List<String> _waiting = [];

  /// The batch that was sent and is not answered yet.
  List<String>? _sent;

  /// The waiting users who are not watched, as the server has reported. They
  /// leave the cache only if subscribing fails.
  final Set<String> _unwatched = {};

  int _most = _batch;
  int _notBefore = 0;

  /// Begins with these users, earliest subscribed first. Replaces the rest of
  /// an earlier restore.
  void begin(Iterable<String> users) {
    _waiting = [...users];
    _sent = null;
    _unwatched.clear();
  }

  /// Records users who are not watched, as the server has reported. Returns
  /// those to whom the client will not subscribe again.
  List<String> notWatched(Iterable<String> users) {
    final covered = {..._waiting, ...?_sent};
    final left = <String>[];
    for (final user in users) {
      covered.contains(user) ? _unwatched.add(user) : left.add(user);
    }
    return left;
  }

  /// Whether no user is left to subscribe to.
  bool get isIdle => _waiting.isEmpty && _sent == null;

  /// The time when [nextBatch] has a batch. Null if no user waits, or while a
  /// call is under way.
  int? get due => _sent == null && _waiting.isNotEmpty ? _notBefore : null;

  /// Returns the next users to subscribe to; null before [due]. One call is
  /// under way at a time.
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

  /// Handles the answer to the call; [failed] has the users for whom it failed.
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

  /// Handles a temporary refusal of the call.
  void refusedForNow(int now) {
    putBack();
    _notBefore = now + restoreAfterRefusal;
  }

  /// Handles a refusal because of too many users in one call: halves the size
  /// of batches. Returns false at the smallest size.
  bool batchTooLarge() {
    putBack();
    final smaller = _most ~/ 2;
    _most = max(smaller, 1);
    return smaller > 0;
  }

  /// Puts the users of the call under way back at the front of the queue. The
  /// call was refused, or its link broke.
  void putBack() {
    _waiting = [...?_sent, ..._waiting];
    _sent = null;
  }

  /// Removes users to whom the client must not subscribe again.
  Lost forget(Set<String> users) {
    final lost = _waiting.where(users.contains).toList();
    _waiting = [
      for (final user in _waiting)
        if (!users.contains(user)) user,
    ];
    return _lose(lost);
  }

  /// Ends the restore and returns all its users.
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
