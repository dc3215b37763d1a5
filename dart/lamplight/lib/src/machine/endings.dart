part of 'machine.dart';

/// The end of a link, after which the session goes on, and that of a session.
extension _Endings on Machine {
  /// The link, or the attempt to make one, has ended without a word of the
  /// server. The path may have cut the link for its silence; a sleep says
  /// nothing of the path.
  void _linkCut(LinkEnd why) {
    final session = _session;
    if (session == null) return;
    if (session.phase case Live(:final link) when !link.isWoken) {
      session.path.cut(link.usualHeartbeat, link.silence(_now));
    }
    _linkEnded(why, const BackOff());
  }

  /// The link is gone, or given up: what was under way fails or is sent again,
  /// and the session waits for its next attempt.
  void _linkEnded(LinkEnd why, Retry retry) {
    final session = _session;
    if (session == null) return;
    _failLogins(session, _loginError(why));
    if (!session.isEstablished) return _end(LoginFailedEvent(why));
    _effects.add(const CloseLink());
    session.snapshot = null;
    final phase = session.phase;
    session.phase = Waiting(_now, _now);
    var rule = retry;
    if (phase case Live(:final link)) {
      if (link.age(_now) >= stableAfter) session.failures = 0;
      if (link.isWoken && retry is BackOff && retry.span == 0) {
        // It is this device that was away, not the server.
        rule = AtTurn(jitterOf(wakeSpread, _jitter));
      }
      if (_giveBack(session, link)) return _end(const LoggedOutEvent());
    }
    if (rule is WhenResumed) {
      session.phase = Away();
      return _emit(DisconnectedEvent(why, null));
    }
    final wait = _wait(rule, session.spread, session.failures);
    // A caller is not kept waiting for long, but for what the server has
    // asked.
    final fewer = min(session.failures, mostFailuresWithCalls);
    final waitWithCalls = _wait(rule, session.spread, fewer);
    final retryIn = session.queue.isEmpty ? wait : waitWithCalls;
    session.failures++;
    session.phase = Waiting(_now + retryIn, _now + waitWithCalls);
    final span = Duration(milliseconds: retryIn);
    _emit(
      phase is Live
          ? DisconnectedEvent(why, span)
          : ConnectFailedEvent(why, span),
    );
  }

  /// The wait for the next attempt after so many failures.
  int _wait(Retry retry, int spread, int failures) {
    final backOff = reconnectDelay(spread, failures, _jitter);
    return switch (retry) {
      BackOff(:final span) => span + backOff,
      // A server that sends away again and again is not followed at once for
      // ever.
      AtTurn(:final span) => failures == 0 ? span : max(span, backOff),
      WhenResumed() => 0,
    };
  }

  /// Takes the calls that a link took with it: those that may be made twice
  /// are made again on the next one. Returns whether a logout was among the
  /// others: the session is over then.
  bool _giveBack(Session session, LiveLink link) {
    final again = link.takeRepeatable();
    var isLoggingOut = false;
    for (final call in link.calls.toList()) {
      final Request(:kind, :token) = call.request;
      if (kind == 'login') session.token = token;
      if (kind == 'logout') {
        isLoggingOut = true;
        if (identity.platform == DevicePlatform.web) {
          _answer(call.id!, const Object());
          call.id = null;
          continue;
        }
      }
      _failCall(call, noAnswer('the connection broke before it'));
    }
    session.restore.putBack();
    session.queue.insertAll(0, again);
    return isLoggingOut;
  }

  /// The session is over: all callers are answered, and all that it knew is
  /// forgotten.
  void _end(SessionEndedEvent event) {
    final session = _session;
    if (session == null) return;
    _session = null;
    _effects.add(const CloseLink());
    _failLogins(session, notLoggedIn());
    final calls = [
      if (session.phase case Live(:final link)) ...link.calls,
      ...session.queue,
    ];
    for (final call in calls) {
      _failCall(call, notLoggedIn());
    }
    cache.clear();
    // Whatever became of the login: the application wants it no longer.
    final isTakenBack = event is LoginFailedEvent &&
        session.queue.any((call) => call.request.kind == 'logout');
    _emit(isTakenBack ? const LoginFailedEvent(_loginTakenBack) : event);
  }

  void _failLogins(Session session, LamplightException error) {
    for (final login in session.logins) {
      _fail(login.id, error);
    }
    session.logins = [];
  }
}

/// The failure of a login whose link ended so.
LamplightException _loginError(LinkEnd why) =>
    why.refusal ??
    LamplightException.of(LamplightCode.notConnected, why.message);
