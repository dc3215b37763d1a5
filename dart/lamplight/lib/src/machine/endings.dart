part of 'machine.dart';

/// The part of the connection machine that handles the ends of links and
/// of sessions.
extension _Endings on Machine {
  /// Handles the end of a link, or of an attempt to open one, without a last
  /// message of the server. Records the silence before the end, because the
  /// network path may have cut the link. After a sleep of the device, records
  /// nothing.
  void _linkCut(LinkEnd why) {
    final session = _session;
    if (session == null) return;
    if (session.phase case Live(:final link) when !link.isWoken) {
      session.path.cut(link.usualHeartbeat, link.silence(_now));
    }
    _linkEnded(why, const BackOff());
  }

  /// Handles the end of a link that was lost or given up. Unanswered calls fail
  /// or are queued. The session then waits for the next attempt.
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
        // The link broke because this device slept, so the server needs no
        // back-off.
        rule = AtTurn(jitterOf(wakeSpread, _jitter));
      }
      if (_giveBack(session, link)) return _end(const LoggedOutEvent());
      session.takeWaitingLogins();
    }
    if (rule is WhenResumed) {
      session.phase = Away();
      return _emit(DisconnectedEvent(why, null));
    }
    final wait = _wait(rule, session.spread, session.failures);
    // While calls wait, the back-off is short. A wait that the server has asked
    // for still applies in full.
    final fewer = min(session.failures, mostFailuresWithCalls);
    final waitWithCalls = _wait(rule, session.spread, fewer);
    final isAwaited = session.queue.isNotEmpty || session.logins.isNotEmpty;
    final retryIn = isAwaited ? waitWithCalls : wait;
    session.failures++;
    session.phase = Waiting(_now + retryIn, _now + waitWithCalls);
    final span = Duration(milliseconds: retryIn);
    _emit(
      phase is Live
          ? DisconnectedEvent(why, span)
          : ConnectFailedEvent(why, span),
    );
  }

  /// Returns the wait before the next attempt, in milliseconds.
  int _wait(Retry retry, int spread, int failures) {
    final backOff = reconnectDelay(spread, failures, _jitter);
    return switch (retry) {
      BackOff(:final span) => span + backOff,
      // If the server asks to reconnect again and again, the waits increase.
      AtTurn(:final span) => failures == 0 ? span : max(span, backOff),
      WhenResumed() => 0,
    };
  }

  /// Handles the unanswered calls of a broken link. Calls that may be repeated
  /// are queued, a logout of a Web device succeeds, and all other calls fail.
  /// Returns whether one of the calls was a logout; the session then ends.
  bool _giveBack(Session session, LiveLink link) {
    final again = link.takeRepeatable();
    var isLoggingOut = false;
    for (final call in link.calls.toList()) {
      if (call.request.kind == 'logout') {
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

  /// Ends the session. All waiting calls fail, and the cache is emptied.
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
    // The event reports the logout, because the application has cancelled the
    // login.
    final isTakenBack = event is LoginFailedEvent &&
        session.queue.any((call) => call.request.kind == 'logout');
    _emit(isTakenBack ? const LoginFailedEvent(_loginTakenBack) : event);
    _beginNext();
  }

  void _failLogins(Session session, LamplightException error) {
    for (final login in session.logins) {
      _fail(login.id, error);
    }
    session.logins = [];
  }
}

/// Returns the error of a login whose link has ended.
LamplightException _loginError(LinkEnd why) =>
    why.refusal ??
    LamplightException.of(LamplightCode.notConnected, why.message);
