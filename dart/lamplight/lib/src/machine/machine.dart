/// The connection machine. It decides which messages to send, when to
/// reconnect, and which events the application gets.
///
/// The machine has no socket, no clock and no random numbers. The driver passes
/// each input together with the time in milliseconds and a random number from 0
/// to 1. It executes the effects in their order. The same inputs always give
/// the same effects.
library;

import 'dart:convert';
import 'dart:math';

import '../model/codes.dart';
import '../model/events.dart';
import '../model/exception.dart';
import '../model/results.dart';
import '../model/status.dart';
import '../wire/server_message.dart';
import 'backoff.dart';
import 'cache.dart';
import 'live_link.dart';
import 'request.dart';
import 'restore.dart';
import 'session.dart';

part 'answers.dart';
part 'endings.dart';
part 'next.dart';
part 'notices.dart';

/// The time limit for opening a link, in milliseconds.
const connectTimeout = 10000;

/// The time limit for the answer to a login, in milliseconds.
const loginTimeout = 10000;

/// If a deadline is handled at least this many milliseconds late, the device or
/// the process must have slept.
const sleepGap = 5000;

/// The maximum number of calls of a session that wait to be sent. Separately,
/// also the maximum number of logins that wait for one attempt to connect.
/// Further calls and logins are refused. One logout is allowed beyond the
/// maximum, so that the session can be ended.
const maxQueue = 1000;

/// A client, with a session or without.
final class Machine {
  /// Creates a client without a session.
  Machine(this.identity);

  /// The identity of this client.
  final Identity identity;

  /// The last known statuses of the watched users and of this client's user.
  final Cache cache = Cache();

  /// The difference, in milliseconds, between the server's clock and the
  /// driver's times: positive if the server's clock is ahead. It was measured
  /// at the last login; null before the first login.
  int? get clockOffset => _clockOffset;
  int? _clockOffset;

  Session? _session;

  /// The session that begins when the current one has ended with a logout.
  Session? _next;

  int _lastId = 0;

  /// Whether the application is paused: it is not visible.
  bool _isPaused = false;

  // The arguments and the effects of the current step.
  int _now = 0;
  double _jitter = 0;
  List<Effect> _effects = [];

  /// The session; null if no user is logged in or logging in.
  Session? get session => _session;

  /// The session to which a call that is made now belongs: the one that the
  /// last login of the application began.
  Session? get callSession => _next ?? _session;

  /// The time at which the driver must pass a [TickInput], if no other input
  /// comes before; null if there is no deadline.
  int? get nextDeadline {
    final session = _session;
    if (session == null) return null;
    final deadlines = [
      ...session.callDeadlines,
      ...?_next?.callDeadlines,
      ...switch (session.phase) {
        Connecting(:final deadline) || LoggingIn(:final deadline) => [deadline],
        Waiting(:final until) => [until],
        Away() => const <int>[],
        Live(:final link) => [
            link.heartbeatDue(session.path),
            for (final call in link.calls) call.deadline,
            if (link.givenUpAt case final int at) at,
            if (_restoreDue(session, link) case final int at) at,
            if (_listCheckDue(session, link) case final int at) at,
          ],
      },
    ];
    return deadlines.isEmpty ? null : deadlines.reduce(min);
  }

  /// Processes an input, after all deadlines that have passed by [now].
  List<Effect> step(Input input, int now, double jitter) {
    _now = now;
    _jitter = jitter;
    _effects = [];
    final due = nextDeadline;
    final hasSlept = due != null && due + sleepGap <= now;
    _expireCalls();
    if (hasSlept) _wake();
    _expirePhase();
    switch (input) {
      case LoginInput():
        _login(input);
      case CallInput():
        _call(input);
      case LinkUpInput():
        _linkUp();
      case LinkEndedInput(:final why):
        _linkCut(why);
      case ReceivedInput(:final message):
        _received(message);
      case NetworkChangedInput():
        _networkChanged();
      case PausedInput():
        _paused();
      case ResumedInput():
        _resumed();
      case TickInput():
    }
    _sendWaiting();
    return _effects;
  }

  // Inputs from the application.

  void _login(LoginInput input) {
    final LoginInput(:call, :user, :token) = input;
    final bare = _loginParameters(user, token, isResume: false);
    if (_bytes(bare) + frameSlack > frameBeforeLogin) {
      return _fail(
        call,
        LamplightException.of(LamplightCode.sigUnreadable, 'it is too long'),
      );
    }
    if (badToken(token) case final LamplightException refusal) {
      return _fail(call, refusal);
    }
    final session = _session;
    if (session != null && session.isLoggingOut) {
      return _loginAfterLogout(session, input);
    }
    if (session != null && session.user != user) {
      return _fail(call, invalid('another user is logged in; log out first'));
    }
    // An application that logs in is visible, so it is not paused any longer.
    _isPaused = false;
    final login = (id: call, deadline: input.deadline);
    if (session == null) {
      _session = Session(user, token, login, _now);
      return _connect();
    }
    final waiting =
        session.phase is Live ? session.queue.length : session.logins.length;
    if (waiting >= maxQueue) return _fail(call, tooManyCalls());
    final isNewer = session.token != token;
    session.token = token;
    switch (session.phase) {
      case Live():
        session.queue.add(
          Call(
            call,
            input.deadline,
            Request('login', {'userSig': token, 'resume': false}),
          ),
        );
      case Connecting():
        session.logins.add(login);
      case LoggingIn(:final isResume):
        session.logins.add(login);
        if (isResume || isNewer) _beginAnew();
      case Waiting() || Away():
        session.logins.add(login);
        _connect();
    }
  }

  void _call(CallInput input) {
    final CallInput(:call, :request) = input;
    final isLogout = request.kind == 'logout';
    if (isLogout) _refuseNext(notLoggedIn());
    // A call after a login belongs to the session of that login.
    final session = _next ?? _session;
    if (session == null) return _fail(call, notLoggedIn());
    if (request.check() case final LamplightException refusal) {
      return _fail(call, refusal);
    }
    final phase = session.phase;
    if (isLogout && _endsWithoutServer(session)) {
      _answer(call, const Object());
      return _end(
        session.isEstablished
            ? const LoggedOutEvent()
            : const LoginFailedEvent(_loginTakenBack),
      );
    }
    if (session.queue.length >= maxQueue + (isLogout ? 1 : 0)) {
      return _fail(call, tooManyCalls());
    }
    session.queue.add(Call(call, input.deadline, request));
    if (request.kind == 'login') {
      final isSent = phase is! LoggingIn || session.token == request.token;
      session.token = request.token;
      if (!isSent) _beginAnew();
    }
    if (phase is Waiting && session == _session) {
      phase.until = min(phase.until, max(_now, phase.atCall));
      if (phase.until <= _now) _connect();
    }
  }

  /// Whether closing the link is enough for a logout. It is enough before the
  /// first login was sent. It is also enough for a Web device: its login ends
  /// with its connection.
  bool _endsWithoutServer(Session session) {
    final isWeb = identity.platform == DevicePlatform.web;
    return switch (session.phase) {
      Live() => false,
      LoggingIn() => isWeb,
      Connecting() || Waiting() || Away() => isWeb || !session.isEstablished,
    };
  }

  void _networkChanged() {
    switch (_session?.phase) {
      case Waiting():
        _connect();
      case Live(:final link):
        _sendHeartbeat();
        link.doubt(_now);
      case Connecting() || LoggingIn() || Away() || null:
    }
  }

  void _paused() {
    _isPaused = true;
    final session = _session;
    // A first login that is under way is completed first.
    if (session == null || !session.isEstablished) return;
    if (session.phase is! Away) _goAway();
  }

  void _goAway() {
    const why = LinkEnd(LinkEndKind.paused, 'the application was paused');
    _linkEnded(why, const WhenResumed());
  }

  void _resumed() {
    _isPaused = false;
    _session?.phase is Away ? _connect() : _networkChanged();
  }

  // Inputs from the clock.

  /// Handles a sleep of the device or the process. The sleep has probably
  /// broken the link, or the attempt to open one.
  void _wake() {
    switch (_session?.phase) {
      case Connecting() || LoggingIn():
        _beginAnew();
      case Live(:final link):
        _sendHeartbeat();
        link.wake(_now);
      // There is no link to test, and the time of the next attempt has passed.
      case Waiting():
        _connect();
      case Away() || null:
    }
  }

  void _expireCalls() {
    _expireNext();
    final session = _session;
    if (session == null) return;
    final isAsked = session.phase is LoggingIn;
    session.logins.removeWhere((login) {
      if (login.deadline > _now) return false;
      _fail(login.id, isAsked ? noAnswer() : notSent());
      return true;
    });
    var hasLogoutExpired = false;
    session.queue.removeWhere((call) {
      if (call.deadline > _now) return false;
      hasLogoutExpired |= call.request.kind == 'logout';
      _failCall(call, call.overdue);
      return true;
    });
    if (session.phase case Live(:final link)) {
      for (final call in link.calls.toList()) {
        if (call.deadline > _now) continue;
        hasLogoutExpired |= call.request.kind == 'logout';
        _failCall(call, noAnswer());
      }
    }
    if (hasLogoutExpired) {
      _end(const LoggedOutEvent());
    } else if (!session.isEstablished && session.logins.isEmpty) {
      _end(LoginFailedEvent(isAsked ? _noLoginAnswer : _noConnection));
    }
  }

  void _expirePhase() {
    final session = _session;
    if (session == null) return;
    switch (session.phase) {
      case Connecting(:final deadline) when deadline <= _now:
        _linkCut(_noConnection);
      case LoggingIn(:final deadline) when deadline <= _now:
        _linkCut(_noLoginAnswer);
      case Waiting(:final until) when until <= _now:
        _connect();
      case Live(:final link):
        if (link.givenUpAt case final int at when at <= _now) {
          const why = 'nothing was heard from the server';
          _linkCut(const LinkEnd(LinkEndKind.silent, why));
        } else if (link.heartbeatDue(session.path) <= _now) {
          _sendHeartbeat();
        }
      case Connecting() || LoggingIn() || Waiting() || Away():
    }
  }

  // Inputs from the link.

  void _connect() {
    _session?.phase = Connecting(_now + connectTimeout);
    _emit(const ConnectingEvent());
    _effects.add(const OpenLink());
  }

  /// Begins another attempt to connect instead of the current one, after a
  /// sleep of the device or for a new login. The current attempt may have sent
  /// a login with an older token, which the server may refuse.
  void _beginAnew() {
    _effects.add(const CloseLink());
    _connect();
  }

  void _linkUp() {
    final session = _session;
    if (session == null) return;
    final isResume = session.isEstablished && session.logins.isEmpty;
    final (:user, :token) = (user: session.user, token: session.token);
    final parameters = _loginParameters(user, token, isResume: isResume);
    final known = _addKnown(parameters, session.loginRoom);
    final id = ++_lastId;
    _send(id, 'login', parameters);
    session.snapshot = Snapshot(known);
    session.phase = LoggingIn(
      id: id,
      deadline: _now + loginTimeout,
      isResume: isResume,
      bytes: _bytes(parameters),
    );
  }

  // Sending.

  /// Sends waiting calls, and the next batch of a restore, while the link has
  /// room.
  void _sendWaiting() {
    final session = _session;
    if (session == null) return;
    if (session.phase case Live(:final link)) {
      while (link.hasRoom && session.queue.isNotEmpty) {
        _sendCall(session.queue.removeAt(0));
      }
      if (_isDue(_restoreDue(session, link))) {
        if (session.restore.nextBatch(_now) case final List<String> users) {
          _sendRequest(
            RestoreInFlight(),
            'subscribeUserStatus',
            {'userIds': users},
          );
        }
      }
      if (_isDue(_listCheckDue(session, link))) {
        session.listCheck.sent();
        _sendRequest(ListCheckInFlight(), 'getSubscriptions', const {});
      }
    }
  }

  /// The time at which the next batch of a restore is due. Null while the app
  /// does not allow subscriptions, and while the link has no room for a
  /// request.
  int? _restoreDue(Session session, LiveLink link) =>
      session.abilities?.statusesOfOthers != false && link.hasRoom
          ? session.restore.due
          : null;

  /// The time at which the subscription list must be read. Null during a
  /// restore, while the app does not allow subscriptions, and while the link
  /// has no room for a request.
  int? _listCheckDue(Session session, LiveLink link) =>
      session.abilities?.statusesOfOthers != false &&
              link.hasRoom &&
              session.restore.isIdle
          ? session.listCheck.due
          : null;

  bool _isDue(int? at) => at != null && at <= _now;

  void _sendCall(Call call) {
    final session = _session!;
    final Call(:request) = call;
    call.isSent = true;
    if (request.kind == 'unsubscribeUserStatus') {
      // The restore of these users is ended first, because a later batch would
      // subscribe to them again. The server's answer does not name them,
      // because they are not in the subscription list.
      final lost = request.userIds.isEmpty
          ? session.restore.giveUp()
          : session.restore.forget(request.userIds.toSet());
      _leaveCache(lost.notWatched);
    }
    var parameters = request.parameters;
    if (request.kind == 'login') {
      final isResume = parameters['resume'] == true;
      parameters =
          _loginParameters(session.user, request.token, isResume: isResume);
      _addKnown(parameters, session.loginRoom);
    }
    _sendRequest(CallInFlight(call), request.kind, parameters);
  }

  void _sendHeartbeat() {
    final phase = _session?.phase;
    if (phase is! Live) return;
    if (phase.link.hasHeartbeatInFlight) {
      // A heartbeat without an answer is under way, but the server must receive
      // something within its heartbeat timeout.
      phase.link.sentUnasking(_now);
      _send(0, 'heartbeat', const {});
    } else {
      _sendRequest(HeartbeatInFlight(), 'heartbeat', const {});
    }
  }

  void _sendRequest(
    InFlight request,
    String kind,
    Map<String, Object?> parameters,
  ) {
    final phase = _session?.phase;
    if (phase is! Live) return;
    final id = ++_lastId;
    phase.link.sent(id, request, _now);
    _send(id, kind, parameters);
  }

  Map<String, Object?> _loginParameters(
    String user,
    String token, {
    required bool isResume,
  }) =>
      {
        'sdkAppId': identity.appId,
        'userId': user,
        'userSig': token,
        'deviceId': identity.deviceId,
        'platform': identity.platform.wireName,
        'resume': isResume,
      };

  /// Adds the versions of known statuses to a login request, as far as they fit
  /// into [room] bytes. Returns the users whose versions were added.
  Set<String> _addKnown(Map<String, Object?> parameters, int room) {
    final known = cache.known(room - frameSlack - _bytes(parameters));
    parameters['known'] = known;
    return {for (final entry in known) entry['userId']! as String};
  }

  // Effects.

  void _send(int id, String kind, Map<String, Object?> parameters) =>
      _effects.add(SendMessage({'id': '$id', kind: parameters}));

  void _answer(CallId call, Object value) =>
      _effects.add(AnswerCall(call, value));

  void _fail(CallId call, LamplightException error) =>
      _effects.add(FailCall(call, error));

  void _emit(LamplightEvent event) => _effects.add(Emit(event));

  /// Fails a call, unless it has already failed because of its timeout.
  void _failCall(Call call, LamplightException error) {
    final id = call.id;
    call.id = null;
    if (id != null) _fail(id, error);
  }
}

/// Returns the size of a value in a message, in bytes.
int _bytes(Object? value) => utf8.encode(jsonEncode(value)).length;

const _noConnection =
    LinkEnd(LinkEndKind.connectTimeout, 'no connection in time');

const _loginTakenBack = LinkEnd(
  LinkEndKind.loggedOut,
  'the application logged out before the login was answered',
);

const _noLoginAnswer =
    LinkEnd(LinkEndKind.loginTimeout, 'no answer to the login in time');
