/// A live, logged-in link as the machine sees it: requests without an answer,
/// and when the link is given up. All times are in milliseconds.
library;

import '../model/status.dart';
import 'network_path.dart';
import 'request.dart';

/// The most requests without an answer on the link. Further calls wait in the
/// session.
const maxInFlight = 64;

/// The time for which an answer may be outstanding while no bytes come at all.
/// After that, the link is given up.
///
/// A server answers each call within 5 s, at least with a refusal, and answers
/// in order, so a heartbeat after a late call would be late too. The call
/// itself therefore tests the link. A call waits for 10 s; an idempotent one is
/// sent again on the next link within that time.
const answerPatience = 8000;

/// The same time once there is reason to doubt the link, because the device has
/// changed its network.
const doubtPatience = 3000;

/// The same time after a sleep, in which most links break unnoticed.
const wakePatience = 800;

/// The time within which a link that broke during a sleep is replaced, at
/// random, because many machines may have slept.
const wakeSpread = 100;

/// The longest time between two heartbeats of a native client.
const _heartbeatNative = 120000;

/// The longest time between two heartbeats of a Web client.
const _heartbeatWeb = 20000;

/// The shortest time between two heartbeats, whatever the server says.
const _heartbeatLeast = 100;

/// A request that was sent and not answered.
sealed class InFlight {}

/// A heartbeat.
final class HeartbeatInFlight extends InFlight {}

/// A batch of a restore: users who are subscribed to again.
final class RestoreInFlight extends InFlight {}

/// A call of the application.
final class CallInFlight extends InFlight {
  /// Creates a request for a call.
  CallInFlight(this.call);

  /// The call.
  final Call call;
}

/// The state of a live link.
final class LiveLink {
  /// Creates a link that has just logged in.
  LiveLink(int heartbeatTimeout, DevicePlatform platform, int now)
      : _since = now,
        _lastSent = now,
        _lastHeard = now,
        _giveUpAt = now + answerPatience,
        usualHeartbeat = heartbeatInterval(heartbeatTimeout, platform);

  final int _since;
  int _lastSent;
  int _lastHeard;

  /// The time at which the link is given up unless bytes come, while a request
  /// is in flight.
  int _giveUpAt;

  /// The requests without an answer, by the id of the message; oldest first.
  final Map<int, InFlight> _inFlight = {};

  /// The time between two heartbeats according to the server's timeout.
  int usualHeartbeat;

  /// Whether the device has slept and no bytes came since.
  bool get isWoken => _isWoken;
  bool _isWoken = false;

  /// The age of the link.
  int age(int now) => now - _since;

  /// Whether a further request may be sent.
  bool get hasRoom => _inFlight.length < maxInFlight;

  /// Records that a request is sent.
  void sent(int id, InFlight request, int now) {
    if (_inFlight.isEmpty) _giveUpAt = now + answerPatience;
    _lastSent = now;
    _inFlight[id] = request;
  }

  /// Records that a message is sent that has no answer.
  void sentUnasking(int now) => _lastSent = now;

  /// Records that bytes came.
  void heard(int now) {
    _lastHeard = now;
    _giveUpAt = now + answerPatience;
    _isWoken = false;
  }

  /// Records that there is reason to doubt the link and that a heartbeat was
  /// sent, whose answer is due soon.
  void doubt(int now) {
    if (now + doubtPatience < _giveUpAt) _giveUpAt = now + doubtPatience;
  }

  /// Records that the device has slept and that a heartbeat was sent. Deadlines
  /// during the sleep say nothing about the link.
  void wake(int now) {
    if (_isWoken) return;
    _isWoken = true;
    _giveUpAt = now + wakePatience;
  }

  /// Removes and returns the request that an answer belongs to.
  InFlight? take(int id) => _inFlight.remove(id);

  /// Whether a heartbeat is not answered yet.
  bool get hasHeartbeatInFlight =>
      _inFlight.values.any((request) => request is HeartbeatInFlight);

  /// The time at which the next heartbeat is due on this path.
  int heartbeatDue(NetworkPath path) =>
      _lastSent + path.heartbeat(usualHeartbeat);

  /// The time without traffic before the link ended now. If a request stayed
  /// without an answer, the silence ended when that request was sent: a link
  /// that was cut without a notification to the client is silent until then.
  int silence(int now) => (_inFlight.isEmpty ? now : _lastSent) - _lastHeard;

  /// The time at which the link is given up unless bytes come; null if no
  /// request is in flight.
  int? get givenUpAt => _inFlight.isEmpty ? null : _giveUpAt;

  /// The calls in flight whose callers still wait, oldest first.
  Iterable<Call> get calls => _inFlight.values
      .whereType<CallInFlight>()
      .map((request) => request.call)
      .where((call) => call.id != null);

  /// Removes and returns the idempotent calls in flight, oldest first, which
  /// are sent again after the link broke.
  List<Call> takeRepeatable() {
    final taken =
        calls.where((call) => call.request.isRepeatable).toList();
    _inFlight.removeWhere(
      (_, request) => request is CallInFlight && taken.contains(request.call),
    );
    return taken;
  }
}

/// The time between two heartbeats: less than a third of the server's timeout,
/// so that two heartbeats may be lost, and never longer than in the contract.
int heartbeatInterval(int timeout, DevicePlatform platform) {
  final longest =
      platform == DevicePlatform.web ? _heartbeatWeb : _heartbeatNative;
  if (timeout == 0) return longest;
  return (timeout * 3 ~/ 10).clamp(_heartbeatLeast, longest);
}
