/// The driver of the ledger. It makes the calls of the ledger one after
/// another, and passes the events of the client to the ledger. It reports
/// changes of the statuses to show.
library;

import 'dart:async';

import '../client.dart';
import '../model/events.dart';
import '../model/exception.dart';
import '../model/results.dart';
import '../model/status.dart';
import 'calls.dart';
import 'ledger.dart';

/// The time without scrolling, in milliseconds, after which calls are made.
const int _settle = 120;

/// The longest time, in milliseconds, until calls are made while a list keeps
/// scrolling.
const int _longestSettle = 500;

/// The lists show no interruption of the connection that is shorter than this.
/// If they did, the dots would flicker.
const Duration _shortCut = Duration(milliseconds: 500);

/// A storage for the subscriptions of the lists. With it, an application can
/// end them after a restart.
abstract interface class SubscriptionMemory {
  /// Returns the stored users of an account; empty if there are none.
  List<String> recall(String account);

  /// Stores the users of an account.
  void remember(String account, List<String> users);
}

/// The state of a client's connection, as lists show it.
enum Net {
  /// The client is connected, or no user is logged in.
  connected,

  /// An attempt to connect is under way.
  connecting,

  /// There is no connection.
  disconnected,
}

/// The statuses of the users in the lists of one client.
final class StatusWatcher {
  /// Starts listening to a client.
  StatusWatcher(
    this._client, {
    required bool isOn,
    required void Function() onChange,
    SubscriptionMemory? memory,
    int Function() now = _monotonic,
  })  : _onChange = onChange,
        _memory = memory,
        _now = now {
    _ledger.turn(isOn);
    _listening = _client.events.listen(_heard);
    final user = _client.userId;
    if (user != null) {
      _loggedIn(user);
      _netChanged(_client.isConnected ? Net.connected : Net.disconnected);
    }
  }

  final LamplightClient _client;
  final void Function() _onChange;
  final SubscriptionMemory? _memory;
  final int Function() _now;
  final Ledger _ledger = Ledger();
  late final StreamSubscription<LamplightEvent> _listening;
  String? _user;
  Timer? _timer;

  /// The time of the first change since the ledger was last asked for a call;
  /// null if there was none.
  int? _dueSince;
  bool _isCalling = false;

  /// Completes when the calls in progress have ended.
  Future<void> _calls = Future.value();
  bool _isStopped = false;
  Net _net = Net.connected;
  Net _toldNet = Net.connected;
  Timer? _cut;

  /// The status of a user; null if it is unknown, or while statuses are off.
  UserStatus? shown(String userId) => _ledger.shown(userId);

  /// The code with which the app refuses statuses, 7013 or 72001; null if it
  /// allows them.
  int? get refusal => _ledger.refusal;

  /// The state of the connection that was reported last. Without a connection,
  /// the lists show the last known statuses.
  Net get net => _user == null ? Net.connected : _toldNet;

  /// Turns the statuses of all lists on or off.
  void turn({required bool on}) {
    _changed(_ledger.turn(on));
    _wake(0);
  }

  /// Sets the users of a list.
  void show(String view, View shown) {
    _ledger.show(view, shown, _now());
    _wakeSoon();
  }

  /// Removes a list and its users.
  void hide(String view) {
    _ledger.hide(view, _now());
    _wakeSoon();
  }

  /// Requests the statuses and the subscription list again, because they may
  /// have changed without a notification.
  void refresh() {
    _ledger.refresh();
    _wakeSoon();
  }

  /// Handles subscriptions of the application.
  void applicationSubscribed(
    Iterable<String> users, [
    Iterable<String> evicted = const [],
  ]) {
    _ledger.applicationSubscribed(users, evicted);
    _remember();
    _wakeSoon();
  }

  /// Handles an unsubscribe call of the application for these users; for all
  /// users if the list is empty.
  void applicationUnsubscribed(Iterable<String> users) {
    _ledger.applicationUnsubscribed(users.toList());
    _remember();
    _wakeSoon();
  }

  /// Ends the subscriptions of the lists, and stops handling events. If there
  /// is no connection, the server keeps the subscriptions.
  Future<void> dispose() async {
    _isStopped = true;
    unawaited(_listening.cancel());
    _cut?.cancel();
    _timer?.cancel();
    _ledger.turn(false);
    // A call under way may still add subscriptions, which must be ended too.
    await _calls;
    var next = _ledger.next(_now());
    while (next is MakeCall && _net == Net.connected) {
      await _make(next.call);
      next = _ledger.next(_now());
    }
    _remember();
  }

  void _heard(LamplightEvent event) {
    switch (event) {
      case ConnectedEvent():
        final user = _client.userId;
        if (user != null && user != _user) {
          _loggedIn(user);
        }
        _netChanged(Net.connected);
      case ConnectingEvent():
        _netChanged(Net.connecting);
      case ConnectFailedEvent() || DisconnectedEvent():
        _netChanged(Net.disconnected);
      case StatusChangedEvent(:final statuses):
        _changed(_ledger.told(statuses, _now()));
      case SubscriptionsChangedEvent(:final subscribed, :final unsubscribed):
        _ledger.listChanged(subscribed, unsubscribed);
        _remember();
        _wakeSoon();
      case AbilitiesChangedEvent(:final abilities):
        _allowed(abilities);
      case SessionEndedEvent():
        _user = null;
        _endCut();
        _net = _toldNet = Net.connected;
        _ledger.loggedOut();
        _wake(null);
        _onChange();
      case NotWatchedEvent() ||
            MessagesReceivedEvent() ||
            ConversationsChangedEvent() ||
            FriendListChangedEvent() ||
            BlockListChangedEvent() ||
            VisibilityChangedEvent() ||
            SelfInfoChangedEvent() ||
            UsersInfoChangedEvent() ||
            ListsOutdatedEvent() ||
            EventsMissedEvent():
        break;
    }
  }

  void _loggedIn(String user) {
    _user = user;
    _changed(_ledger.loggedIn(user, _recall(user)));
    _allowed(_client.abilities);
  }

  void _allowed(Abilities? abilities) {
    final before = refusal;
    _changed(_ledger.allowed(abilities));
    if (before != refusal) {
      _onChange();
    }
    _wake(0);
  }

  void _netChanged(Net net) {
    if (_user == null || _isStopped) {
      return;
    }
    final isBack = net == Net.connected && _net != Net.connected;
    _net = net;
    if (net == Net.connected) {
      _endCut();
      _tellNet();
      if (isBack) {
        refresh();
      }
      return;
    }
    _wake(null);
    if (_toldNet != Net.connected) {
      _tellNet();
    } else {
      _cut ??= Timer(_shortCut, () {
        _cut = null;
        _tellNet();
      });
    }
  }

  void _endCut() {
    _cut?.cancel();
    _cut = null;
  }

  void _tellNet() {
    if (_toldNet != _net) {
      _toldNet = _net;
      _onChange();
    }
  }

  /// Asks the ledger for its next call after a short delay, because further
  /// changes may follow at once.
  void _wakeSoon() {
    final now = _now();
    final since = _dueSince ??= now;
    final latest = since + _longestSettle - now;
    _wake((latest < _settle ? latest : _settle).clamp(0, _settle));
  }

  /// Asks the ledger for its next call after [after] milliseconds. If [after]
  /// is null, waits for the next event instead.
  void _wake(int? after) {
    _timer?.cancel();
    _timer = null;
    // No step is due without a login or a connection. A call would make the
    // client connect, which is wrong for a paused application. The next
    // connection schedules a step.
    if (after == null ||
        _isStopped ||
        _user == null ||
        _net != Net.connected) {
      _dueSince = null;
      return;
    }
    _timer = Timer(Duration(milliseconds: after), () {
      _timer = null;
      _dueSince = null;
      if (!_isCalling) {
        _calls = _work();
      }
    });
  }

  Future<void> _work() async {
    _isCalling = true;
    var next = _ledger.next(_now());
    while (next is MakeCall && !_isStopped && _net == Net.connected) {
      await _make(next.call);
      next = _ledger.next(_now());
    }
    _isCalling = false;
    if (_timer == null && next is WaitUntil) {
      final at = next.at;
      final wait = at == null ? null : at - _now();
      _wake(wait == null || wait > 0 ? wait : 0);
    }
  }

  Future<void> _make(Call call) async {
    final user = _user;
    final before = refusal;
    List<String> changed;
    try {
      changed = await _ask(call, () => user != null && user == _user);
    } on LamplightException catch (error) {
      changed = user == _user
          ? _ledger.refused(call, error.code, _now())
          : const [];
    }
    _remember();
    if (before != refusal) {
      _onChange();
    } else {
      _changed(changed);
    }
  }

  /// Makes a call. [isSame] returns whether the login is still the same. If it
  /// is not, the answer is ignored.
  Future<List<String>> _ask(Call call, bool Function() isSame) async {
    final users = call.users;
    switch (call.kind) {
      case CallKind.read:
        final list = await _client.getSubscriptions();
        return isSame()
            ? _ledger.read((users: list.users, limit: list.limit), _now())
            : const [];
      case CallKind.query:
        final result = await _client.getUserStatus(users);
        return isSame()
            ? _ledger.queried(
                users, result.statuses, _failed(result.failures), _now())
            : const [];
      case CallKind.subscribe:
        final result = await _client.subscribeUserStatus(users);
        return isSame()
            ? _ledger.subscribed(users, result.statuses,
                _failed(result.failures), result.evicted, _now())
            : const [];
      case CallKind.unsubscribe:
        await _client.unsubscribeUserStatus(users);
        return isSame() ? _ledger.unsubscribed(users) : const [];
    }
  }

  Iterable<String> _failed(List<FailedUser> failures) =>
      failures.map((failure) => failure.userId);

  void _changed(List<String> users) {
    if (users.isNotEmpty) {
      _onChange();
    }
  }

  // The memory is code of the application: its errors go to the zone and do not
  // stop the watcher.

  List<String> _recall(String user) {
    try {
      return _memory?.recall(user) ?? const [];
    } on Object catch (error, trace) {
      Zone.current.handleUncaughtError(error, trace);
      return const [];
    }
  }

  void _remember() {
    final user = _user;
    if (user == null) {
      return;
    }
    try {
      _memory?.remember(user, _ledger.own.toList());
    } on Object catch (error, trace) {
      Zone.current.handleUncaughtError(error, trace);
    }
  }
}

/// A monotonic clock, so that changes of the wall clock have no effect.
final Stopwatch _clock = Stopwatch()..start();

int _monotonic() => _clock.elapsedMilliseconds;
