/// A link on which the login has succeeded: its unanswered requests, and the
/// time at which it is given up. Times are in milliseconds.
library;

import '../model/status.dart';
import 'network_path.dart';
import 'request.dart';

/// The maximum number of unanswered requests on a link. Calls beyond it wait in
/// the queue of the session.
const maxInFlight = 64;

/// The time without received bytes after which a link with an unanswered
/// request is given up.
///
/// Every call tests the link, because the server answers each call within 5 s.
/// By default, a call times out after 10 s, so a call that may be repeated can
/// still be sent on the next link.
const answerPatience = 8000;

/// The time without received bytes after which a link in doubt is given up. A
/// link is in doubt after the device has changed its network.
const doubtPatience = 3000;

/// The time that replaces [doubtPatience] after a sleep of the device. Most
/// links break unnoticed during a sleep.
const wakePatience = 800;

/// The longest wait before the client replaces a link that broke during a
/// sleep. The wait is random, because many machines may wake at the same time.
const wakeSpread = 100;

/// The longest heartbeat interval of a native client.
const _heartbeatNative = 120000;

/// The longest heartbeat interval of a Web client.
const _heartbeatWeb = 20000;

/// The shortest heartbeat interval, even if the server's timeout would need a
/// shorter interval.
const _heartbeatLeast = 100;

/// A request that was sent and is not answered yet.
sealed class InFlight {}

/// A heartbeat.
final class HeartbeatInFlight extends InFlight {}

/// A batch of a restore. It subscribes to users again.
final class RestoreInFlight extends InFlight {}

/// A read of the subscription list, to check who is watched.
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

  /// The time at which the link is given up unless bytes arrive earlier. It
  /// applies only while a request is unanswered.
  int _giveUpAt;

  /// The unanswered requests by message id, the oldest first.
  final Map<int, InFlight> _inFlight = {};

  /// The heartbeat interval, which is computed from the server's timeout.
  int usualHeartbeat;

  /// Returns `true` if the device has slept and no bytes have arrived since.
  bool get isWoken => _isWoken;
  bool _isWoken = false;

  /// Returns the time since the login on this link.
  int age(int now) => now - _since;

  /// Whether another request may be sent.
  bool get hasRoom => _inFlight.length < maxInFlight;

  /// Records that a request was sent.
  void sent(int id, InFlight request, int now) {
    if (_inFlight.isEmpty) _giveUpAt = now + answerPatience;
    _lastSent = now;
    _inFlight[id] = request;
  }

  /// Records that the client has sent a message that the server does not
  /// answer.
  void sentUnasking(int now) => _lastSent = now;

  /// Records that bytes were received.
  void heard(int now) {
    _lastHeard = now;
    _giveUpAt = now + answerPatience;
    _isWoken = false;
  }

  /// Records that the link is in doubt. The caller must send a heartbeat, which
  /// the server has to answer within [doubtPatience].
  void doubt(int now) {
    if (now + doubtPatience < _giveUpAt) _giveUpAt = now + doubtPatience;
  }

  /// Records that the device has slept. The caller must send a heartbeat, which
  /// the server has to answer within [wakePatience]. Earlier deadlines are
  /// dropped, because they may have passed during the sleep.
  void wake(int now) {
    if (_isWoken) return;
    _isWoken = true;
    _giveUpAt = now + wakePatience;
  }

  /// Removes and returns the request with this id; null if there is none.
  InFlight? take(int id) => _inFlight.remove(id);

  /// Whether a heartbeat is unanswered.
  bool get hasHeartbeatInFlight =>
      _inFlight.values.any((request) => request is HeartbeatInFlight);

  /// The time at which the next heartbeat is due on this network path.
  int heartbeatDue(NetworkPath path) =>
      _lastSent + path.heartbeat(usualHeartbeat);

  /// Returns the time without traffic of a link that ends now. If a request is
  /// unanswered, that is the time from the last received bytes to the last sent
  /// message. The network path may have been cut in that time, unnoticed by the
  /// client.
  int silence(int now) => (_inFlight.isEmpty ? now : _lastSent) - _lastHeard;

  /// The time at which the link is given up unless bytes arrive earlier; null
  /// if all requests are answered.
  int? get givenUpAt => _inFlight.isEmpty ? null : _giveUpAt;

  /// The unanswered calls whose callers still wait, the oldest first.
  Iterable<Call> get calls => _inFlight.values
      .whereType<CallInFlight>()
      .map((request) => request.call)
      .where((call) => call.id != null);

  /// Removes and returns the unanswered calls that may be repeated, the oldest
  /// first. They are sent again on the next link.
  List<Call> takeRepeatable() {
    final taken =
        calls.where((call) => call.request.isRepeatable).toList();
    _inFlight.removeWhere(
      (_, request) => request is CallInFlight && taken.contains(request.call),
    );
    return taken;
  }
}

/// Returns the heartbeat interval. It is below a third of the server's timeout,
/// so two heartbeats in a row may be lost. It is at most the maximum of the
/// wire contract.
int heartbeatInterval(int timeout, DevicePlatform platform) {
  final longest =
      platform == DevicePlatform.web ? _heartbeatWeb : _heartbeatNative;
  if (timeout == 0) return longest;
  return (timeout * 3 ~/ 10).clamp(_heartbeatLeast, longest);
}
