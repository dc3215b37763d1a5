/// The state of the connection machine, its inputs and its effects. Its
/// behaviour is in `machine.dart`.
///
/// ```text
///            login            link up            answer
///   (none) ────────► Connecting ─────► LoggingIn ──────► Live
///      ▲                 ▲  │ failed       │ failed        │ link broke
///      │                 │  ▼              ▼               ▼
///      │                 └─────────────── Waiting ◄────────┘
///      │            back-off over
///      └── from everywhere: logout, kicked, expired, refused; and the first
///          login failing
/// ```
///
/// While the application is paused, an established session is Away: it has no
/// link and does not try to open one.
library;

import '../model/events.dart';
import '../model/exception.dart';
import '../model/results.dart';
import '../model/status.dart';
import '../wire/server_message.dart';
import 'list_check.dart';
import 'live_link.dart';
import 'network_path.dart';
import 'request.dart';
import 'restore.dart';

/// The part of the state that is the same for every user who logs in.
typedef Identity = ({int appId, DevicePlatform platform, String deviceId});

/// A login of the application that waits for the current attempt to connect.
typedef PendingLogin = ({CallId id, int deadline});

/// A session, from a login to its end. All times are in milliseconds.
final class Session {
  /// Creates the session of a first login.
  Session(this.user, this.token, PendingLogin login, int now)
      : logins = [login],
        phase = Waiting(now, now);

  /// The user's id.
  final String user;

  /// The token for the next login: the newest token of the application that the
  /// server has not refused.
  String token;

  /// The token that the server accepted last; null before the first answer. If
  /// the server refuses a newer token, the session uses this token again.
  String? acceptedToken;

  /// Whether a login of this session has succeeded. The SDK reconnects by
  /// itself only then.
  bool isEstablished = false;

  /// The number of attempts in a row that led to no lasting link.
  int failures = 0;

  /// The last reconnect spread that the server has sent, in milliseconds: the
  /// time over which clients should spread their reconnects. 0 if there is
  /// none.
  int spread = 0;

  /// The heartbeat interval that the network path to the server needs.
  final NetworkPath path = NetworkPath();

  /// The logins of the application that wait for the current attempt to
  /// connect.
  List<PendingLogin> logins;

  /// The calls that were not sent yet.
  List<Call> queue = [];

  /// The subscribed users, as far as the client knows them, the earliest
  /// subscribed first.
  List<String> subscriptions = [];

  /// The restore of the subscription list: the users to whom the client must
  /// subscribe again.
  final Restore restore = Restore();

  /// The check of the subscription list.
  final ListCheck listCheck = ListCheck();

  /// The highest lists version that was received; null before the first login.
  int? listsVersion;

  /// The last abilities of this client that the server has sent; null if it has
  /// sent none.
  Abilities? abilities;

  /// The snapshot that the server is sending on this link: the statuses of the
  /// watched users. Null when it is complete.
  Snapshot? snapshot;

  /// The size limit of a login request in bytes: the server's default, or half
  /// the size of the last login request that was too large.
  int loginRoom = frameBeforeLogin;

  /// The state of the connection.
  Phase phase;

  /// The deadlines of the calls that were not sent.
  Iterable<int> get callDeadlines => [
        for (final login in logins) login.deadline,
        for (final call in queue) call.deadline,
      ];

  /// Whether a logout is in the queue, or was sent and has no answer yet.
  bool get isLoggingOut => [
        ...queue,
        if (phase case Live(:final link)) ...link.calls,
      ].any((call) => call.request.kind == 'logout');

  /// Moves the queued logins to the next attempt to connect, because the link
  /// on which they waited for room has ended.
  void takeWaitingLogins() {
    queue.removeWhere((call) {
      final id = call.id;
      if (id == null || !call.request.isLoginOfApplication) return false;
      logins.add((id: id, deadline: call.deadline));
      return true;
    });
  }

  /// Drops a token that the server has refused. Returns whether the token that
  /// the server accepted last replaces it.
  bool dropToken(String refused) {
    final accepted = acceptedToken;
    if (accepted == null || token != refused || accepted == refused) {
      return false;
    }
    token = accepted;
    return true;
  }
}

/// An incomplete snapshot: the users in the login request, and the users whose
/// statuses have arrived since. The number of watched users bounds its size.
final class Snapshot {
  /// Creates the snapshot that follows a login request with these users.
  Snapshot(this._named);

  final Set<String> _named;
  final Set<String> _told = {};

  /// Records a received status. Returns whether it is the first status of the
  /// user since the login. A first status may have a lower version than the
  /// cached one, because the server may have lost newer versions.
  bool isFirst(UserStatus status) => _told.add(status.userId);

  /// Whether the user was in the login request, or a status of the user has
  /// arrived since the login. Users for whom this is false at the end of the
  /// snapshot are no longer watched.
  bool covers(String user) => _named.contains(user) || _told.contains(user);
}

/// The state of a session's connection.
sealed class Phase {}

/// A link is being opened.
final class Connecting extends Phase {
  /// Creates a phase.
  Connecting(this.deadline);

  /// The time at which the attempt is given up.
  final int deadline;
}

/// The login was sent.
final class LoggingIn extends Phase {
  /// Creates a phase.
  LoggingIn({
    required this.id,
    required this.deadline,
    required this.isResume,
    required this.bytes,
  });

  /// The id of the login.
  final int id;

  /// The time at which the attempt is given up.
  final int deadline;

  /// Whether this login is a reconnect that the SDK makes.
  final bool isResume;

  /// The size of the login request in bytes.
  final int bytes;

  /// The statuses that arrived before the answer. They are reported together
  /// with it.
  final List<UserStatus> early = [];
}

/// The login was answered.
final class Live extends Phase {
  /// Creates a phase.
  Live(this.link);

  /// The link.
  final LiveLink link;
}

/// The session waits for the next attempt.
final class Waiting extends Phase {
  /// Creates a phase.
  Waiting(this.until, this.atCall);

  /// The time of the next attempt.
  int until;

  /// The earliest time at which a waiting call may start the attempt; never
  /// later than [until].
  final int atCall;
}

/// The application is paused.
final class Away extends Phase {}

/// An input of the machine.
sealed class Input {
  const Input();
}

/// The application logs in.
final class LoginInput extends Input {
  /// Creates an input.
  const LoginInput(this.call, this.deadline, this.user, this.token);

  /// The id of the login.
  final CallId call;

  /// The time at which the call fails if there is no answer.
  final int deadline;

  /// The user's id.
  final String user;

  /// The token.
  final String token;
}

/// The application makes a call that needs a session.
final class CallInput extends Input {
  /// Creates an input.
  const CallInput(this.call, this.deadline, this.request);

  /// The id of the call.
  final CallId call;

  /// The time at which the call fails if there is no answer.
  final int deadline;

  /// The call.
  final Request request;
}

/// The link that was requested is open.
final class LinkUpInput extends Input {
  /// Creates an input.
  const LinkUpInput();
}

/// The link, or the attempt to open one, has ended.
final class LinkEndedInput extends Input {
  /// Creates an input.
  const LinkEndedInput(this.why);

  /// The cause.
  final LinkEnd why;
}

/// A message was received.
final class ReceivedInput extends Input {
  /// Creates an input.
  const ReceivedInput(this.message);

  /// The message.
  final ServerMessage message;
}

/// The device has changed its network.
final class NetworkChangedInput extends Input {
  /// Creates an input.
  const NetworkChangedInput();
}

/// The application is not visible any more.
final class PausedInput extends Input {
  /// Creates an input.
  const PausedInput();
}

/// The application is visible again.
final class ResumedInput extends Input {
  /// Creates an input.
  const ResumedInput();
}

/// A deadline has passed.
final class TickInput extends Input {
  /// Creates an input.
  const TickInput();
}

/// An effect for the driver to execute.
sealed class Effect {
  const Effect();
}

/// Opens a link. The machine has none at this time.
final class OpenLink extends Effect {
  /// Creates an effect.
  const OpenLink();
}

/// Closes the link, or aborts the attempt to open one. Does nothing if there is
/// neither.
final class CloseLink extends Effect {
  /// Creates an effect.
  const CloseLink();
}

/// Sends a message over the link.
final class SendMessage extends Effect {
  /// Creates an effect.
  const SendMessage(this.message);

  /// The message, in the form in which it is sent.
  final Map<String, Object?> message;
}

/// Completes a call with its answer. Every call is completed once, by this
/// effect or by [FailCall].
final class AnswerCall extends Effect {
  /// Creates an effect.
  const AnswerCall(this.call, this.value);

  /// The call that is completed.
  final CallId call;

  /// The answer. Its type belongs to the kind of the call.
  final Object value;
}

/// Fails a call.
final class FailCall extends Effect {
  /// Creates an effect.
  const FailCall(this.call, this.error);

  /// The call that fails.
  final CallId call;

  /// The failure.
  final LamplightException error;
}

/// Emits an event to the application.
final class Emit extends Effect {
  /// Creates an effect.
  const Emit(this.event);

  /// The event.
  final LamplightEvent event;
}

/// The rule for the time of the next attempt after a link has ended.
sealed class Retry {
  const Retry();
}

/// The next attempt is made after the back-off plus [span].
final class BackOff extends Retry {
  /// Creates a rule.
  const BackOff([this.span = 0]);

  /// The additional wait, in milliseconds.
  final int span;
}

/// The next attempt is made after [span]. The server or this client has chosen
/// this time at random. After failures, the back-off is used instead if it is
/// longer.
final class AtTurn extends Retry {
  /// Creates a rule.
  const AtTurn(this.span);

  /// The wait, in milliseconds.
  final int span;
}

/// The next attempt is made when the application is visible again.
final class WhenResumed extends Retry {
  /// Creates a rule.
  const WhenResumed();
}
