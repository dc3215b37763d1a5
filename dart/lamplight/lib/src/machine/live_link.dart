/// A live, logged-in link, as the machine sees it: what was asked and not
/// answered, and when it is given up. All times are in milliseconds.
library;

import '../model/status.dart';
import 'network_path.dart';
import 'request.dart';

/// The most requests that await their answers on the link. Further calls wait
/// in the session.
const maxInFlight = 64;

/// The longest wait for an answer while nothing at all is heard. Then the link
/// is given up.
///
/// A server answers each call within 5 s, if only with a refusal, and answers
/// in order: a heartbeat behind a call that is late would be as late. So the
/// call itself is the test of the link. A call waits for 10 s; one that may be
/// repeated is made again on the next link within them.
const answerPatience = 8000;

/// The same once there is reason to doubt the link: the device has changed its
/// network.
const doubtPatience = 3000;

/// The same after a sleep, in which most links die without a word.
const wakePatience = 800;

/// The time within which a link that has died in a sleep is made again, at
/// random: machines may have slept together.
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

/// A batch of users that are subscribed to again.
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
  /// Creates a link that has logged in now.
  LiveLink(int heartbeatTimeout, DevicePlatform platform, int now)
      : _since = now,
        _lastSent = now,
        _lastHeard = now,
        _giveUpAt = now + answerPatience,
        usualHeartbeat = heartbeatInterval(heartbeatTimeout, platform);

  final int _since;
  int _lastSent;
  int _lastHeard;

  /// The moment at which the link is given up unless something is heard, as
  /// long as a request is in flight.
  int _giveUpAt;

  /// The requests without an answer, by the id of the message; oldest first.
  final Map<int, InFlight> _inFlight = {};

  /// The time between two heartbeats that the server's timeout asks for.
  int usualHeartbeat;

  /// Whether the device has slept, and nothing was heard since.
  bool get isWoken => _isWoken;
  bool _isWoken = false;

  /// The age of the link.
  int age(int now) => now - _since;

  /// Whether a further request may be sent.
  bool get hasRoom => _inFlight.length < maxInFlight;

  /// Takes in that a request is sent.
  void sent(int id, InFlight request, int now) {
    if (_inFlight.isEmpty) _giveUpAt = now + answerPatience;
    _lastSent = now;
    _inFlight[id] = request;
  }

  /// Takes in that a message is sent that asks for no answer.
  void sentUnasking(int now) => _lastSent = now;

  /// Takes in that something was heard.
  void heard(int now) {
    _lastHeard = now;
    _giveUpAt = now + answerPatience;
    _isWoken = false;
  }

  /// Takes in that there is reason to doubt the link, and that a heartbeat was
  /// sent: its answer is due soon.
  void doubt(int now) {
    if (now + doubtPatience < _giveUpAt) _giveUpAt = now + doubtPatience;
  }

  /// Takes in that the device has slept, and that a heartbeat was sent. What
  /// was due during the sleep says nothing of the link.
  void wake(int now) {
    if (_isWoken) return;
    _isWoken = true;
    _giveUpAt = now + wakePatience;
  }

  /// Takes the request that an answer belongs to.
  InFlight? take(int id) => _inFlight.remove(id);

  /// Whether a heartbeat awaits its answer.
  bool get hasHeartbeatInFlight =>
      _inFlight.values.any((request) => request is HeartbeatInFlight);

  /// The moment at which the next heartbeat is due on this path.
  int heartbeatDue(NetworkPath path) =>
      _lastSent + path.heartbeat(usualHeartbeat);

  /// The time for which nothing had passed in either direction when the link
  /// ended now, or when the request was sent that nothing was heard after: a
  /// link that is cut without telling the client is silent until then.
  int silence(int now) => (_inFlight.isEmpty ? now : _lastSent) - _lastHeard;

  /// The moment at which the link is given up unless something is heard; null
  /// while no answer is awaited.
  int? get givenUpAt => _inFlight.isEmpty ? null : _giveUpAt;

  /// The calls whose callers still wait, oldest first.
  Iterable<Call> get calls => _inFlight.values
      .whereType<CallInFlight>()
      .map((request) => request.call)
      .where((call) => call.id != null);

  /// Takes the calls that may be made once more after the link broke without
  /// an answer, oldest first.
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
/// so that two heartbeats may be lost, and never longer than the contract
/// says.
int heartbeatInterval(int timeout, DevicePlatform platform) {
  final longest =
      platform == DevicePlatform.web ? _heartbeatWeb : _heartbeatNative;
  if (timeout == 0) return longest;
  return (timeout * 3 ~/ 10).clamp(_heartbeatLeast, longest);
}
