part of 'machine.dart';

/// The part of the machine for logins during a logout. Such a login waits for
/// the end of the session, and begins the next session. Later calls wait for
/// the next session.
extension _Next on Machine {
  /// Stores a login until [session] has ended.
  void _loginAfterLogout(Session session, LoginInput input) {
    final LoginInput(:call, :user, :token) = input;
    final login = (id: call, deadline: input.deadline);
    final next = _next;
    if (next == null) {
      _next = Session(user, token, login, _now);
    } else if (next.user != user) {
      return _fail(call, invalid('another user is logging in; log out first'));
    } else if (next.logins.length >= maxQueue) {
      return _fail(call, tooManyCalls());
    } else {
      next.token = token;
      next.logins.add(login);
    }
    // An application that logs in is visible, so it is not paused any longer.
    _isPaused = false;
    // As for any login, the next attempt comes at once: the logout needs a
    // link.
    if (session.phase is Waiting || session.phase is Away) _connect();
  }

  /// Begins the session that has waited for the end of the previous one.
  void _beginNext() {
    if (_next case final Session next) {
      _next = null;
      _session = next;
      _connect();
    }
  }

  /// Handles a refused logout. The session goes on, unless another logout
  /// waits.
  void _logoutRefused(Session session, LamplightException refusal) {
    if (!session.isLoggingOut) _refuseNext(refusal);
  }

  /// Gives up the next session: rejects its logins with [error], and its calls
  /// with the code 6014.
  void _refuseNext(LamplightException error) {
    final next = _next;
    if (next == null) return;
    _next = null;
    _failLogins(next, error);
    for (final call in next.queue) {
      _failCall(call, notLoggedIn());
    }
  }

  /// Rejects the logins and calls that wait for the next session and whose
  /// deadlines have passed.
  void _expireNext() {
    final next = _next;
    if (next == null) return;
    next.logins.removeWhere((login) {
      if (login.deadline > _now) return false;
      _fail(login.id, notSent());
      return true;
    });
    next.queue.removeWhere((call) {
      if (call.deadline > _now) return false;
      _failCall(call, notSent());
      return true;
    });
    if (next.logins.isEmpty) _refuseNext(notLoggedIn());
  }
}
