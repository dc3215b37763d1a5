/// The plan of queries and subscriptions for the lists: the users in the lists,
/// their known statuses, and the next call to the server.
///
/// The ledger is pure: it has no client and no clock. A driver reports events
/// to it, makes the one call that [Ledger.next] returns, and reports the
/// answer. Some methods can change the statuses to show; they return the users
/// concerned.
///
/// The subscription list belongs to the account, and the application uses it as
/// well. The ledger only uses the room that was free when it last read the
/// list, so evictions are rare. It unsubscribes only from users to whom it, or
/// an earlier ledger of the account, has subscribed.
library;

import 'dart:math';

import '../model/codes.dart';
import '../model/results.dart';
import '../model/status.dart';
import 'calls.dart';
import 'suspects.dart';

/// A time before all other times.
const int _never = -1125899906842624;

/// The codes of two refusals: the app has switched statuses off, or its edition
/// does not have them. Some servers of the cloud use 3122 for the edition.
const Set<int> _refusals = {
  LamplightCode.statusSwitchedOff,
  LamplightCode.editionNotSupported,
  3122,
};

/// The codes with which a call is refused because one of its users is not a
/// userID.
const Set<int> _badUser = {
  LamplightCode.invalidParameter,
  LamplightCode.badUserId,
};

class _Known {
  _Known(this.status, this.at);

  final UserStatus? status;

  /// The time when the status was last received.
  final int at;
}

/// The plan of queries and subscriptions. The comment of this library describes
/// it.
class Ledger {
  bool _isOn = true;
  String? _self;

  /// The code with which the server refuses statuses; null if it allows them.
  int? _refusal;

  /// Whether the SDK has reported that statuses are refused. It will then also
  /// report when they are allowed again.
  bool _isClosedByApp = false;
  int _pausedUntil = 0;
  int _pauses = 0;
  final Map<String, View> _views = {};

  /// The users of all views; null if they must be computed again after a
  /// change.
  Set<String>? _allListed;
  final Map<String, _Known> _known = {};

  /// The users to whom the ledger has subscribed, in ascending order of the
  /// values. The value is the time of the subscription, or the last time at
  /// which the user was reported as visible, whichever is later.
  final Map<String, int> _own = {};

  /// The subscriptions of the application and of other devices.
  final Set<String> _foreign = {};

  /// The users to whom an earlier ledger of this account had subscribed.
  Set<String> _earlier = const {};

  /// For each user who has left all lists: the time of leaving.
  final Map<String, int> _left = {};

  /// For each user for whom the server has refused a query or a subscription:
  /// the time of the refusal.
  final Map<String, int> _unwatchable = {};

  final Suspects _suspects = Suspects();
  int _limit = defaultLimit;
  int _readAt = _never;
  int _queryBatch = defaultQueryBatch;
  int _subscribeBatch = defaultSubscribeBatch;
  final Map<CallKind, List<int>> _calls = {};

  /// The status to show for a user; null if statuses are off or refused, or if
  /// the status is unknown.
  UserStatus? shown(String user) =>
      _isOn && _refusal == null ? _known[user]?.status : null;

  /// The code with which the server refuses statuses; null if it allows them.
  int? get refusal => _refusal;

  /// The users to whom the ledger has subscribed.
  Set<String> get own => _own.keys.toSet();

  /// Turns online statuses on or off for the whole kit. While they are off, the
  /// ledger only ends its subscriptions.
  List<String> turn(bool on) {
    if (on == _isOn) {
      return const [];
    }
    _isOn = on;
    _resume();
    _readAt = _never;
    return _forget();
  }

  /// Handles a login of [self]. [earlier] has the subscriptions of an earlier
  /// ledger of this account.
  List<String> loggedIn(String self, [Iterable<String> earlier = const []]) {
    final changed = loggedOut();
    _self = self;
    _earlier = earlier.toSet();
    return changed;
  }

  /// Handles new abilities of the client; null if the SDK does not report them.
  /// Returns the users whose status to show may have changed.
  List<String> allowed(Abilities? abilities) {
    _isClosedByApp = abilities?.statusesOfOthers == false;
    if (abilities == null) {
      return const [];
    }
    _queryBatch = _orElse(abilities.queryBatch, defaultQueryBatch);
    _subscribeBatch = min(
      _orElse(abilities.subscribeBatch, defaultSubscribeBatch),
      _orElse(abilities.unsubscribeBatch, defaultSubscribeBatch),
    );
    // The limit of the subscription list may have changed as well.
    _readAt = _never;
    return _isClosedByApp ? _closed(abilities.refusalCode) : _opened();
  }

  List<String> loggedOut() {
    _self = null;
    _isClosedByApp = false;
    _own.clear();
    _foreign.clear();
    _unwatchable.clear();
    _suspects.clear();
    _readAt = _never;
    _limit = defaultLimit;
    _queryBatch = defaultQueryBatch;
    _subscribeBatch = defaultSubscribeBatch;
    _resume();
    return _forget();
  }

  /// Called when the client has a new connection, or when the application is
  /// visible again. Requests all statuses again, because the server may have
  /// newer ones.
  void refresh() {
    _readAt = _never;
    _resume();
    _known.updateAll((_, known) => _Known(known.status, _never));
  }

  void show(String view, View shown, int now) {
    final before = _views[view];
    _views[view] = shown;
    if (!identical(before?.listed, shown.listed)) {
      _allListed = null;
      _noteLeft(before?.listed ?? const [], now);
    }
    // Visible users move to the end, so that they are the last to be
    // unsubscribed.
    for (final user in shown.onScreen) {
      if (_own.remove(user) != null) {
        _own[user] = now;
      }
    }
  }

  void hide(String view, int now) {
    final before = _views.remove(view);
    _allListed = null;
    _noteLeft(before?.listed ?? const [], now);
  }

  /// Handles changed statuses. Stores only the statuses of users who are in a
  /// list.
  List<String> told(Iterable<UserStatus> statuses, int now) {
    if (!_isOn || _self == null) {
      return const [];
    }
    final listed = _listed();
    return [
      for (final status in statuses)
        if (listed.contains(status.userId) && _learn(status, now))
          status.userId,
    ];
  }

  /// Handles a change of the subscription list by another device of the account
  /// or by the server API.
  void listChanged(
    Iterable<String> subscribed,
    Iterable<String> unsubscribed,
  ) {
    _gone(unsubscribed);
    _foreign.addAll(subscribed.where((user) => !_own.containsKey(user)));
  }

  /// Handles subscriptions of the application. The ledger does not unsubscribe
  /// from these users any more.
  void applicationSubscribed(
    Iterable<String> users,
    Iterable<String> evicted,
  ) {
    _gone(evicted);
    for (final user in users) {
      _own.remove(user);
      _foreign.add(user);
    }
  }

  /// Handles an unsubscribe call of the application for these users; for all
  /// users if the list is empty.
  void applicationUnsubscribed(List<String> users) {
    _gone(users.isNotEmpty ? users : [..._own.keys, ..._foreign]);
  }

  /// Handles the subscription list of the server; null if the SDK cannot read
  /// it.
  List<String> read(({List<String> users, int limit})? list, int now) {
    _readAt = now;
    if (list == null) {
      return const [];
    }
    _limit = list.limit;
    final there = list.users.toSet();
    _own.removeWhere((user, _) => !there.contains(user));
    _foreign.clear();
    for (final user in there) {
      if (_own.containsKey(user)) {
        continue;
      }
      if (_earlier.contains(user)) {
        _own[user] = now;
        _noteLeft([user], now);
      } else {
        _foreign.add(user);
      }
    }
    _earlier = const {};
    return _opened();
  }

  /// Handles the answer to a query. [failed] has the users without an account.
  List<String> queried(
    List<String> users,
    List<UserStatus> found,
    Iterable<String> failed,
    int now,
  ) {
    final changed = [
      for (final status in found)
        if (_learn(status, now)) status.userId,
    ];
    final answered = {for (final status in found) status.userId};
    for (final user in users) {
      if (!answered.contains(user)) {
        _known[user] = _Known(_known[user]?.status, now);
      }
    }
    for (final user in failed) {
      _unwatchable[user] = now;
    }
    _suspects.accepted(users);
    return [...changed, ..._opened()];
  }

  /// Handles the answer to a subscription. [found] has the statuses in the
  /// answer.
  List<String> subscribed(
    List<String> users,
    List<UserStatus> found,
    Iterable<String> failed,
    Iterable<String> evicted,
    int now,
  ) {
    final changed = told(found, now);
    final out = failed.toSet();
    for (final user in out) {
      _unwatchable[user] = now;
    }
    for (final user in users) {
      if (!out.contains(user) && !_foreign.contains(user)) {
        _own[user] = now;
      }
    }
    _suspects.accepted(users);
    // The list was fuller than the ledger knew, so it must be read again before
    // more users are added.
    if (evicted.isNotEmpty) {
      _gone(evicted);
      _readAt = _never;
    }
    return [...changed, ..._opened()];
  }

  List<String> unsubscribed(List<String> users) {
    users.forEach(_own.remove);
    _suspects.accepted(users);
    return _opened();
  }

  /// Handles a refused call. [code] is 0 if the failure has no code.
  List<String> refused(Call call, int code, int now) {
    if (_refusals.contains(code)) {
      _pause(now);
      _readAt = _never;
      return _closed(code);
    }
    final isQuery = call.kind == CallKind.query;
    if (code == LamplightCode.batchTooLarge &&
        (isQuery ? _queryBatch : _subscribeBatch) > 1) {
      if (isQuery) {
        _queryBatch = (_queryBatch + 1) ~/ 2;
      } else {
        _subscribeBatch = (_subscribeBatch + 1) ~/ 2;
      }
    } else if (_badUser.contains(code) && call.kind != CallKind.read) {
      final invalid = _suspects.refused(call.users);
      for (final user in invalid) {
        _unwatchable[user] = now;
      }
      if (call.kind == CallKind.unsubscribe) {
        _gone(invalid);
      }
    } else {
      _pause(now);
    }
    return const [];
  }

  /// Returns the next call if the rate limit allows a call now. Otherwise
  /// returns the time at which to call this method again.
  Next next(int now) {
    if (_self == null || _isClosedByApp) {
      return const WaitUntil(null);
    }
    if (now < _pausedUntil) {
      return WaitUntil(_pausedUntil);
    }
    if (!_isOn) {
      final given = _suspects.together(_own.keys, _subscribeBatch);
      return given.isEmpty
          ? const WaitUntil(null)
          : _spend(Call(CallKind.unsubscribe, given), now);
    }
    final listed = _listed();
    _giveUpLong(listed, now);
    if (listed.isEmpty && _own.isEmpty) {
      return const WaitUntil(null);
    }
    if (now - _readAt >= staleAfter) {
      return _spend(const Call(CallKind.read), now);
    }
    final call = _query(listed, now) ?? _subscriptions(listed, now);
    return call == null ? WaitUntil(_nextDeadline(now)) : _spend(call, now);
  }

  /// Returns the next query; null if no visible user needs one. The query has
  /// the visible users whose status is unknown or outdated. Other users in the
  /// lists fill the rest of the batch.
  Call? _query(Set<String> listed, int now) {
    bool isWanted(String user) {
      final known = _known[user];
      return !_isHopeless(user, now) &&
          (known == null ||
              (!_isKept(user) && now - known.at >= staleAfter));
    }

    final users = _onScreen().where(isWanted).toSet();
    if (users.isEmpty) {
      return null;
    }
    for (final user in listed) {
      if (users.length >= _queryBatch) {
        break;
      }
      if (!_known.containsKey(user) && !_isHopeless(user, now)) {
        users.add(user);
      }
    }
    return Call(CallKind.query, _suspects.together(users, _queryBatch));
  }

  /// The call that subscribes to users, or that unsubscribes from users to make
  /// room; null if neither is needed.
  Call? _subscriptions(Set<String> listed, int now) {
    final room = max(0, _limit - _foreign.length);
    bool isWanted(String user) =>
        user != _self &&
        !_own.containsKey(user) &&
        !_foreign.contains(user) &&
        !_isHopeless(user, now);
    final seen = _onScreen();
    final wanted = seen.where(isWanted).toList();
    final others = [
      for (final user in listed)
        if (!seen.contains(user) && isWanted(user)) user,
    ];
    // If there is room for all users, all are wanted. Otherwise, only visible
    // users are wanted, and no visible user is unsubscribed for another.
    if (_own.length + wanted.length + others.length <= room) {
      wanted.addAll(others);
    }
    final hidden = {
      for (final user in _own.keys)
        if (!listed.contains(user) && !_isGraced(user, now)) user,
    };
    final missing =
        _own.length - hidden.length + min<int>(wanted.length, room) - room;
    final dropped = missing > 0
        ? _own.keys
            .where((user) => !seen.contains(user) && !hidden.contains(user))
            .take(max<int>(missing, makeRoom))
        : const <String>[];
    final gone = [...hidden, ...dropped];
    if (gone.isNotEmpty) {
      final given = _suspects.together(gone, _subscribeBatch);
      return Call(CallKind.unsubscribe, given);
    }
    final most = min(_subscribeBatch, max(0, room - _own.length));
    final users = _suspects.together(wanted, most);
    return users.isEmpty ? null : Call(CallKind.subscribe, users);
  }

  Next _spend(Call call, int now) {
    final calls = [
      for (final at in _calls[call.kind] ?? const <int>[])
        if (now - at < window) at,
    ];
    _calls[call.kind] = calls;
    if (calls.length >= callsPerWindow) {
      return WaitUntil(calls.first + window);
    }
    calls.add(now);
    return MakeCall(call);
  }

  int _nextDeadline(int now) => _left.values
      .map((at) => at + grace)
      .where((at) => at > now)
      .fold(_readAt + staleAfter, min);

  Set<String> _listed() => _allListed ??= {
        for (final view in _views.values) ...view.listed,
      };

  Set<String> _onScreen() => {
        for (final view in _views.values) ...view.onScreen,
      };

  void _noteLeft(Iterable<String> users, int now) {
    final listed = _listed();
    for (final user in users) {
      if (!listed.contains(user)) {
        _left[user] = now;
      }
    }
  }

  /// Drops the statuses of users who have been in no list for the time [grace].
  void _giveUpLong(Set<String> listed, int now) {
    for (final user in _left.keys.toList()) {
      if (listed.contains(user)) {
        _left.remove(user);
      } else if (!_isGraced(user, now)) {
        _left.remove(user);
        _known.remove(user);
        _unwatchable.remove(user);
        _suspects.accepted([user]);
      }
    }
  }

  bool _isGraced(String user, int now) {
    final left = _left[user];
    return left != null && now - left < grace;
  }

  /// Whether the server sends every change of this user's status.
  bool _isKept(String user) =>
      _own.containsKey(user) || _foreign.contains(user) || user == _self;

  /// Whether a user cannot be watched at the moment. After [longestPause] the
  /// ledger tries again, because the account may exist by then.
  bool _isHopeless(String user, int now) {
    final at = _unwatchable[user];
    return at != null && now - at < longestPause;
  }

  bool _learn(UserStatus status, int now) {
    final known = _known[status.userId];
    final before = known?.status;
    // After a reconnect, the known status may have a higher version than the
    // server's, because the server may have lost that version.
    final kept = before != null &&
            known?.at != _never &&
            status.version < before.version
        ? before
        : status;
    _known[status.userId] = _Known(kept, now);
    return before?.type != kept.type ||
        before?.customStatus != kept.customStatus ||
        before?.customExpires != kept.customExpires;
  }

  /// Handles the removal of users from the subscription list: their statuses
  /// are not updated any more.
  void _gone(Iterable<String> users) {
    for (final user in users) {
      _own.remove(user);
      _foreign.remove(user);
    }
  }

  List<String> _closed(int code) {
    if (_refusal == code) {
      return const [];
    }
    _refusal = code;
    return _forget();
  }

  /// Handles an answer, or a report of the SDK, that shows that statuses are
  /// allowed.
  List<String> _opened() {
    _resume();
    if (_refusal == null || _isClosedByApp) {
      return const [];
    }
    _refusal = null;
    return _withStatus();
  }

  void _pause(int now) {
    _pausedUntil = now + min(longestPause, firstPause << _pauses);
    _pauses = min(_pauses + 1, 10);
  }

  void _resume() {
    _pausedUntil = 0;
    _pauses = 0;
  }

  List<String> _forget() {
    final changed = _withStatus();
    _known.clear();
    return changed;
  }

  List<String> _withStatus() => [
        for (final entry in _known.entries)
          if (entry.value.status != null) entry.key,
      ];
}

int _orElse(int value, int fallback) => value > 0 ? value : fallback;
