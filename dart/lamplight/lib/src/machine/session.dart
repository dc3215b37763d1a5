/// The state of the connection machine, its inputs and its effects. No
/// behaviour: that is in `machine.dart`.
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
/// link and no attempt to make one.
library;

import '../model/events.dart';
import '../model/exception.dart';
import '../model/results.dart';
import '../model/status.dart';
import '../wire/server_message.dart';
import 'live_link.dart';
import 'network_path.dart';
import 'request.dart';
import 'restore.dart';

/// The identity of this client, the same for every user who logs in.
typedef Identity = ({int appId, DevicePlatform platform, String deviceId});

/// A login of the application that the present attempt will answer.
typedef PendingLogin = ({CallId id, int deadline});

/// From a login to what ends it. All times are in milliseconds.
final class Session {
  /// Creates the session of a first login.
  Session(this.user, this.token, PendingLogin login, int now)
      : logins = [login],
        phase = Waiting(now, now);

  /// The user.
  final String user;

  /// The token of the next login.
  String token;

  /// Whether the session has been live: from then on the SDK comes back on its
  /// own.
  bool isEstablished = false;

  /// Attempts in a row that brought no lasting link.
  int failures = 0;

  /// Over how long the clients of the server spread their return; 0: not told.
  int spread = 0;

  /// The silence that the path to the server has cut links after.
  final NetworkPath path = NetworkPath();

  /// Logins of the application that the present attempt will answer.
  List<PendingLogin> logins;

  /// Calls that were not sent yet.
  List<Call> queue = [];

  /// The subscribed users as this client knows them, earliest first.
  List<String> subscriptions = [];

  /// The users that are to be subscribed to again.
  final Restore restore = Restore();

  /// The number of changes of the lists that is known; null before the first
  /// login.
  int? listsVersion;

  /// The abilities of this client, as told last.
  Abilities? abilities;

  /// The snapshot of the present link, until it is complete.
  Snapshot? snapshot;

  /// The most bytes of a login. Less than the contract has where the server
  /// did not take so much.
  int loginRoom = frameBeforeLogin;

  /// The state of the connection.
  Phase phase;
}

/// A snapshot that is not complete yet: the users whose versions the login
/// named, and those that were told of since. As large as what the account
/// watches.
final class Snapshot {
  /// Creates a snapshot that begins after a login that named these users.
  Snapshot(this._named);

  final Set<String> _named;
  final Set<String> _told = {};

  /// Takes in that a status was told. Returns whether it is the first of its
  /// user since the login: that one holds whatever its version, because the
  /// server may have lost versions that the client knows.
  bool isFirst(UserStatus status) => _told.add(status.userId);

  /// Whether the server had a reason to be silent of the user, or was not.
  bool covers(String user) => _named.contains(user) || _told.contains(user);
}

/// The state of the connection of a session.
sealed class Phase {}

/// A link is being made.
final class Connecting extends Phase {
  /// Creates a phase.
  Connecting(this.deadline);

  /// The moment at which the attempt is given up.
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

  /// The moment at which the attempt is given up.
  final int deadline;

  /// Whether the SDK comes back on its own.
  final bool isResume;

  /// The bytes of the login.
  final int bytes;

  /// Statuses that were told before the answer. They surface together with it.
  final List<UserStatus> early = [];
}

/// The login was answered.
final class Live extends Phase {
  /// Creates a phase.
  Live(this.link);

  /// The link.
  final LiveLink link;
}

/// The next attempt is waited for.
final class Waiting extends Phase {
  /// Creates a phase.
  Waiting(this.until, this.atCall);

  /// The moment of the next attempt.
  int until;

  /// The moment at which it may come once a call waits for it; not after
  /// [until].
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

  /// Names the caller.
  final CallId call;

  /// The moment at which the caller is told that there is no answer.
  final int deadline;

  /// The user.
  final String user;

  /// The token.
  final String token;
}

/// The application calls. Needs a session.
final class CallInput extends Input {
  /// Creates an input.
  const CallInput(this.call, this.deadline, this.request);

  /// Names the caller.
  final CallId call;

  /// The moment at which the caller is told that there is no answer.
  final int deadline;

  /// The call.
  final Request request;
}

/// The link that was asked for stands.
final class LinkUpInput extends Input {
  /// Creates an input.
  const LinkUpInput();
}

/// The link, or the attempt to make one, has ended.
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

/// The application is not seen any longer.
final class PausedInput extends Input {
  /// Creates an input.
  const PausedInput();
}

/// The application is seen again.
final class ResumedInput extends Input {
  /// Creates an input.
  const ResumedInput();
}

/// Nothing but time: a deadline has passed.
final class TickInput extends Input {
  /// Creates an input.
  const TickInput();
}

/// An effect that the driver carries out.
sealed class Effect {
  const Effect();
}

/// Make a link. There is none.
final class OpenLink extends Effect {
  /// Creates an effect.
  const OpenLink();
}

/// Drop the link, or the attempt to make one, if there is any.
final class CloseLink extends Effect {
  /// Creates an effect.
  const CloseLink();
}

/// Send a message over the link.
final class SendMessage extends Effect {
  /// Creates an effect.
  const SendMessage(this.message);

  /// The message, as the wire has it.
  final Map<String, Object?> message;
}

/// Answer a call. Every call is answered once, by this or by [FailCall].
final class AnswerCall extends Effect {
  /// Creates an effect.
  const AnswerCall(this.call, this.value);

  /// Names the caller.
  final CallId call;

  /// The answer, of the type that belongs to the kind of the call.
  final Object value;
}

/// Fail a call.
final class FailCall extends Effect {
  /// Creates an effect.
  const FailCall(this.call, this.error);

  /// Names the caller.
  final CallId call;

  /// The failure.
  final LamplightException error;
}

/// Tell the application.
final class Emit extends Effect {
  /// Creates an effect.
  const Emit(this.event);

  /// The event.
  final LamplightEvent event;
}

/// The rule for the moment of the next attempt, after the end of a link.
sealed class Retry {
  const Retry();
}

/// After the back-off, and this time on top.
final class BackOff extends Retry {
  /// Creates a rule.
  const BackOff([this.span = 0]);

  /// The time on top.
  final int span;
}

/// After this time, which the server has chosen at random.
final class AtTurn extends Retry {
  /// Creates a rule.
  const AtTurn(this.span);

  /// The time.
  final int span;
}

/// Not before the application is seen again.
final class WhenResumed extends Retry {
  /// Creates a rule.
  const WhenResumed();
}
