/// Subscribes again after the server has dropped the subscription list. Decides
/// which users are in a batch, and when the batch is sent.
///
/// A restore continues after a broken link. A batch without an answer is sent
/// again.
library;

import 'dart:math';

/// The maximum number of users in one call: the default limit of an app.
const _batch = 100;

/// The shortest time between two calls, in milliseconds. At this pace, a
/// restore uses half of the default rate limit of 20 calls in 5 s. The other
/// half is left to the application and other devices.
const restorePace = 500;

/// The wait after a temporary refusal, in milliseconds. It is the window of the
/// default rate limit.
const restoreAfterRefusal = 5000;

/// The users to whom the client will not subscribe again. The users in
/// `notWatched` are not watched any more, because they are not mutual friends
/// either.
typedef Lost = ({List<String> users, List<String> notWatched});

/// The users to whom the client still has to subscribe again.
final class Restore {
  List<String> _waiting = [];

  /// The batch that was sent and has no answer yet.
  List<String>? _sent;

  /// The users of the restore who, as the server has reported, are not watched
  /// at the moment. They stay in the cache, unless the subscription fails.
  final Set<String> _unwatched = {};

  int _most = _batch;
  int _notBefore = 0;

  /// Begins a restore of these users, the earliest subscribed first. It
  /// replaces the rest of an earlier restore.
  void begin(Iterable<String> users) {
    _waiting = [...users];
    _sent = null;
    _unwatched.clear();
  }

  /// Records that users are not watched, as the server has reported. Returns
  /// the users among them to whom the client will not subscribe again.
  List<String> notWatched(Iterable<String> users) {
    final covered = {..._waiting, ...?_sent};
    final left = <String>[];
    for (final user in users) {
      covered.contains(user) ? _unwatched.add(user) : left.add(user);
    }
    return left;
  }

  /// Whether there are no more users to subscribe to.
  bool get isIdle => _waiting.isEmpty && _sent == null;

  /// The time at which [nextBatch] has a batch; null if no user waits, or while
  /// a call is in progress.
  int? get due => _sent == null && _waiting.isNotEmpty ? _notBefore : null;

  /// Returns the next users to subscribe to; null before the time [due]. At
  /// most one call is in progress.
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

  /// Handles the answer to the call. [failed] has the users for whom the call
  /// failed.
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

  /// Handles the refusal of a batch that is too large: halves the size of
  /// batches. Returns false if batches already have the smallest size.
  bool batchTooLarge() {
    putBack();
    final smaller = _most ~/ 2;
    _most = max(smaller, 1);
    return smaller > 0;
  }

  /// Puts the users of the call in progress back to the front of the queue. The
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

  /// Ends the restore, and returns all of its users.
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
