/// A link on which the login has succeeded, with its unanswered requests. It is
/// given up at a deadline. Times are in milliseconds.
library;

import '../model/status.dart';
import 'network_path.dart';
import 'request.dart';

/// The maximum number of unanswered requests on a link. Further calls wait in
/// the session's queue.
const maxInFlight = 64;

/// With an unanswered request, the link is given up after this time without
/// received bytes.
///
/// Every call tests the link, because the server answers each call within 5 s.
/// Calls time out after 10 s by default. A call that may be repeated can thus
/// still be sent on the next link.
const answerPatience = 8000;

/// The value of [answerPatience] after the device has changed its network, when
/// the link is in doubt.
const doubtPatience = 3000;

/// The value of [answerPatience] after a sleep, in which most links break
/// unnoticed.
const wakePatience = 800;

/// The longest wait before replacing a link that broke during a sleep. Random,
/// because many machines may have slept.
const wakeSpread = 100;

/// The longest heartbeat interval of a native client.
const _heartbeatNative = 120000;

/// The longest heartbeat interval of a Web client.
const _heartbeatWeb = 20000;

/// The shortest heartbeat interval, whatever timeout the server has sent.
const _heartbeatLeast = 100;

/// A request that was sent and is not answered yet.
sealed class InFlight {}

/// A heartbeat.
final class HeartbeatInFlight extends InFlight {}

/// A batch of a restore: the client subscribes to its users again.
final class RestoreInFlight extends InFlight {}

/// The subscription list is read to check who is watched.
final class ListCheckInFlight extends InFlight {}

/// A call of the application.
final class CallInFlight extends InFlight {
  /// Creates a request for a call.
  CallInFlight(this.call);

  /// The call.
  final Call call;
}

/// The state of a live link.
final class LiveLink {
  /// Creates a link on which the login has just succeeded.
  LiveLink(int heartbeatTimeout, DevicePlatform platform, int now)
      : _since = now,
        _lastSent = now,
        _lastHeard = now,
        _giveUpAt = now + answerPatience,
        usualHeartbeat = heartbeatInterval(heartbeatTimeout, platform);

  final int _since;
  int _lastSent;
  int _lastHeard;

  /// The time when the link is given up if a request is in flight and no bytes
  /// come.
  int _giveUpAt;

  /// The requests without an answer, by message id, oldest first.
  final Map<int, InFlight> _inFlight = {};

  /// The heartbeat interval that follows from the server's timeout.
  int usualHeartbeat;

  /// Whether the device has slept and no bytes have come since.
  bool get isWoken => _isWoken;
  bool _isWoken = false;

  /// Returns the time since the login on this link.
  int age(int now) => now - _since;

  /// Whether a further request may be sent.
  bool get hasRoom => _inFlight.length < maxInFlight;

  /// Records that a request was sent.
  void sent(int id, InFlight request, int now) {
    if (_inFlight.isEmpty) _giveUpAt = now + answerPatience;
    _lastSent = now;
    _inFlight[id] = request;
  }

  /// Records that a message was sent that the server will not answer.
  void sentUnasking(int now) => _lastSent = now;

  /// Records that bytes were received.
  void heard(int now) {
    _lastHeard = now;
    _giveUpAt = now + answerPatience;
    _isWoken = false;
  }

  /// Records that the link is in doubt. The server must answer the caller's
  /// heartbeat within [doubtPatience].
  void doubt(int now) {
    if (now + doubtPatience < _giveUpAt) _giveUpAt = now + doubtPatience;
  }

  /// Records that the device has slept. The server must answer the caller's
  /// heartbeat within [wakePatience]. Earlier deadlines are ignored, because
  /// they may have passed during the sleep.
  void wake(int now) {
    if (_isWoken) return;
    _isWoken = true;
    _giveUpAt = now + wakePatience;
  }

  /// Removes and returns the request with this id; null if there is none.
  InFlight? take(int id) => _inFlight.remove(id);

  /// Whether a heartbeat is not answered yet.
  bool get hasHeartbeatInFlight =>
      _inFlight.values.any((request) => request is HeartbeatInFlight);

  /// The time when the next heartbeat is due on this network path.
  int heartbeatDue(NetworkPath path) =>
      _lastSent + path.heartbeat(usualHeartbeat);

  /// Returns the time without traffic, for a link that ends now. If a request
  /// is unanswered, only the time until the last sent message counts. After
  /// that, the network path may have cut the link unnoticed.
  int silence(int now) => (_inFlight.isEmpty ? now : _lastSent) - _lastHeard;

  /// The time when the link is given up unless bytes come first; null if no
  /// request is in flight.
  int? get givenUpAt => _inFlight.isEmpty ? null : _giveUpAt;

  /// The calls in flight whose callers still wait, oldest first.
  Iterable<Call> get calls => _inFlight.values
      .whereType<CallInFlight>()
      .map((request) => request.call)
      .where((call) => call.id != null);

  /// Removes and returns the idempotent calls in flight, oldest first, to be
  /// sent again on the next link.
  List<Call> takeRepeatable() {
    final taken =
        calls.where((call) => call.request.isRepeatable).toList();
    _inFlight.removeWhere(
      (_, request) => request is CallInFlight && taken.contains(request.call),
    );
    return taken;
  }
}

/// Returns the heartbeat interval. The interval is below a third of the
/// server's timeout, so that two heartbeats may be lost. It is at most the
/// maximum of the contract.
int heartbeatInterval(int timeout, DevicePlatform platform) {
  final longest =
      platform == DevicePlatform.web ? _heartbeatWeb : _heartbeatNative;
  if (timeout == 0) return longest;
  return (timeout * 3 ~/ 10).clamp(_heartbeatLeast, longest);
}
