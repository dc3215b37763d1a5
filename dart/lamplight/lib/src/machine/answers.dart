part of 'machine.dart';

/// The wait before the next attempt to connect after
/// [LamplightCode.tooManyFailures], in milliseconds. The wire contract requires
/// a minute.
const _afterTooManyFailures = 60000;

/// The part of the connection machine that handles answers: to logins, to calls
/// and to the batches of a restore.
extension _Answers on Machine {
  void _answered(AnswerMessage message) {
    final session = _session;
    switch (session?.phase) {
      case final LoggingIn phase when phase.id == message.id:
        if (message.value case final LoginTold told) {
          _loginAnswered(session!, phase, told);
        } else {
          _misunderstood();
        }
      case Live(:final link):
        switch (link.take(message.id)) {
          case CallInFlight(:final call):
            _callAnswered(session!, call, message);
          case RestoreInFlight():
            if (message.value case final SubscribeResult told) {
              _restoreAnswered(session!, told);
            } else {
              _misunderstood();
            }
          case ListCheckInFlight():
            if (message.value case Subscriptions(:final users)) {
              _listCheckAnswered(session!, users);
            } else {
              _misunderstood();
            }
          case HeartbeatInFlight():
            if (message.value case final int spread when spread > 0) {
              session!.spread = spread;
            }
          case null:
        }
      case _:
    }
  }

  void _refused(RefusalMessage message) {
    final RefusalMessage(:id, :refusal) = message;
    final session = _session;
    switch (session?.phase) {
      case final LoggingIn phase when phase.id == id:
        _loginRefused(session!, refusal);
      case Live(:final link):
        switch (link.take(id)) {
          case CallInFlight(:final call):
            _failCall(call, refusal);
            final Request(:kind, :token) = call.request;
            if (kind == 'login') session!.dropToken(token);
            if (kind == 'logout') _logoutRefused(session!, refusal);
          case RestoreInFlight():
            _restoreRefused(session!, refusal);
          case ListCheckInFlight():
            _listCheckRefused(session!, refusal);
          case HeartbeatInFlight() || null:
        }
      case _:
    }
  }

  void _misunderstood() {
    const why = 'an answer of another kind than its request';
    _linkEnded(const LinkEnd(LinkEndKind.protocol, why), const BackOff());
  }

  // Logins.

  void _loginAnswered(Session session, LoggingIn phase, LoginTold told) {
    session.phase =
        Live(LiveLink(told.heartbeatTimeout, identity.platform, _now));
    session.listCheck.loggedIn(isFirst: !session.isEstablished);
    session.isEstablished = true;
    session.acceptedToken = session.token;
    session.spread = told.reconnectSpread;
    _emit(ConnectedEvent(isResumed: phase.isResume));
    for (final login in session.logins) {
      _answer(login.id, told.result);
    }
    session.logins = [];
    _toldAtLogin(session, phase.early, told);
    if (told.isSnapshotComplete) _snapshotComplete(session);
    if (_isPaused) _goAway();
  }

  /// Handles a refused login. The refusal ends the attempt to connect.
  void _loginRefused(Session session, LamplightException refusal) {
    final why =
        LinkEnd(LinkEndKind.refused, refusal.message, refusal: refusal);
    if (_retryAfter(refusal) case final BackOff retry) {
      return _linkEnded(why, retry);
    }
    final token = session.token;
    if (refusal.code != LamplightCode.kickedByOtherLogin &&
        session.dropToken(token)) {
      // Only the newer token is refused. The session continues with the token
      // that the server accepted last.
      session.queue.removeWhere((call) {
        final Request(:kind, token: its) = call.request;
        if (kind != 'login' || its != token) return false;
        _failCall(call, refusal);
        return true;
      });
      return _linkEnded(why, const BackOff());
    }
    _failLogins(session, refusal);
    _end(
      !session.isEstablished
          ? LoginFailedEvent(why)
          : switch (refusal.code) {
              LamplightCode.kickedByOtherLogin => const KickedOfflineEvent(),
              LamplightCode.sigExpired ||
              LamplightCode.loginSigExpired =>
                const UserSigExpiredEvent(),
              LamplightCode.sigRevoked => const KickedByOperatorEvent(),
              _ => LoginRefusedEvent(refusal),
            },
    );
  }

  /// Handles the snapshot of a login, and the statuses that arrived before the
  /// answer. Reports the differences.
  ///
  /// An earlier process may have subscribed to users whom this client does not
  /// know. The new subscription list begins with them.
  void _toldAtLogin(Session session, List<UserStatus> early, LoginTold told) {
    _clockOffset = told.result.serverTime.millisecondsSinceEpoch - _now;
    if (told.isListLost) session.restore.begin(session.subscriptions);
    // A user to whom the client subscribes again is not reported as not watched
    // in the meantime.
    final left = session.restore.notWatched(told.notWatched);
    final areListsMissed = session.listsVersion != null &&
        session.listsVersion != told.result.listsVersion;
    session.listsVersion = told.result.listsVersion;
    _abilitiesTold(session, told.result.abilities);
    final own = session.subscriptions;
    // While the app forbids notifications about other users, the subscription
    // list stays unchanged.
    final lost = session.abilities?.statusesOfOthers == false
        ? const <String>{}
        : left.toSet();
    final kept = own.where((user) => !lost.contains(user)).toList();
    final known = kept.toSet();
    session.subscriptions = [
      ...told.subscriptions.where((user) => !known.contains(user)),
      ...kept,
    ];
    _told([...early, ...told.statuses]);
    _leaveCache(left);
    _tellUnsubscribed(own, lost);
    if (areListsMissed) _emit(ListsOutdatedEvent(session.listsVersion!));
  }

  /// Completes the snapshot: every status that differs from the versions in the
  /// login request has arrived. A cached user who is neither in the request nor
  /// in these statuses is not watched any more.
  void _snapshotComplete(Session session) {
    final snapshot = session.snapshot;
    if (snapshot == null) return;
    session.snapshot = null;
    final silent = cache.users
        .where((user) => user != session.user && !snapshot.covers(user));
    final left = session.restore.notWatched(silent.toList());
    _leaveCache(left);
    if (session.abilities?.statusesOfOthers != false) {
      final own = session.subscriptions;
      _listChanged(session, const [], left);
      _tellUnsubscribed(own, left.toSet());
    }
  }

  /// Reports users whom another device or the server API has removed from the
  /// subscription list while this client was disconnected.
  void _tellUnsubscribed(List<String> own, Set<String> left) {
    final unsubscribed = own.where(left.contains).toList();
    if (unsubscribed.isNotEmpty) {
      _emit(SubscriptionsChangedEvent(const [], unsubscribed));
    }
  }

  // Calls.

  void _callAnswered(Session session, Call call, AnswerMessage message) {
    final request = call.request;
    if (message.kind != request.kind) {
      _failCall(call, noAnswer('an answer of another kind came'));
      return _misunderstood();
    }
    _learn(session, request, message.value);
    final value = switch (message.value) {
      final LoginTold told => told.result,
      final value => value,
    };
    if (call.id case final CallId id) {
      _answer(id, value);
    } else {
      _late(value);
    }
    if (request.kind == 'logout') _end(const LoggedOutEvent());
  }

  /// Stores the content of the answer to a call: statuses, changes of the
  /// lists, and the lists version.
  void _learn(Session session, Request request, Object value) {
    switch (value) {
      case final LoginTold told:
        session.acceptedToken = request.token;
        session.spread = told.reconnectSpread;
        if (session.phase case Live(:final link)) {
          link.usualHeartbeat =
              heartbeatInterval(told.heartbeatTimeout, identity.platform);
        }
        _toldAtLogin(session, const [], told);
      case final UserStatus status:
        _told([status]);
      case StatusResult(:final statuses):
        // These statuses do not count for the snapshot, because a query may
        // name users who are not watched.
        final changed = cache.fold(cache.watched(statuses));
        if (changed.isNotEmpty) _emit(StatusChangedEvent(changed));
      case final SubscribeResult told:
        _told(told.statuses);
        final failed = {for (final one in told.failures) one.userId};
        final added = request.userIds.where((user) => !failed.contains(user));
        _listChanged(session, added, told.evicted);
        _leaveCache(told.notWatched);
      case UnsubscribeResult(:final notWatched):
        final users = request.userIds;
        if (users.isEmpty) {
          session.subscriptions = [];
        } else {
          _listChanged(session, const [], users);
        }
        _leaveCache(notWatched);
      case Subscriptions(:final users):
        if (session.restore.isIdle) _listRead(session, users);
      default:
        if (_versionOf(request, value) case final int version) {
          _listsTold(session, version);
        }
        if (value case FriendResult(:final friend) when friend.isMutual) {
          session.listCheck.forget([friend.userId]);
        }
        if (value case DeleteFriendsResult(:final failures)) {
          final failed = {for (final one in failures) one.userId};
          _noFriends(
            session,
            request.userIds.where((user) => !failed.contains(user)),
          );
        }
    }
  }

  /// Handles an answer that arrives after the timeout of its call. The
  /// application does not get the answer. The changes in the answer are
  /// therefore reported like those of another device.
  void _late(Object value) {
    switch (value) {
      case SentMessage(:final message):
        _emit(MessagesReceivedEvent([message]));
      case SelfInfoResult(:final listsVersion) ||
            FriendResult(:final listsVersion) ||
            DeleteFriendsResult(:final listsVersion) ||
            BlockUsersResult(:final listsVersion) ||
            UnblockUsersResult(:final listsVersion) ||
            ConversationResult(:final listsVersion):
        _emit(ListsOutdatedEvent(listsVersion));
      // The lists version after a conversation was deleted or the visibility
      // was set.
      case final int listsVersion:
        _emit(ListsOutdatedEvent(listsVersion));
      default:
    }
  }

  /// Returns the lists version in the answer to a call that has changed a list;
  /// null for other answers.
  int? _versionOf(Request request, Object value) => switch (value) {
        // The version in the answer to a retry may include changes that this
        // client has not received yet, so it is ignored.
        SentMessage(isRepeated: true) => null,
        SentMessage(:final listsVersion) ||
        SelfInfoResult(:final listsVersion) ||
        FriendResult(:final listsVersion) ||
        DeleteFriendsResult(:final listsVersion) ||
        BlockUsersResult(:final listsVersion) ||
        UnblockUsersResult(:final listsVersion) ||
        ConversationResult(:final listsVersion) =>
          listsVersion,
        final int listsVersion
            when request.kind == 'deleteConversation' ||
                request.kind == 'setVisibility' =>
          listsVersion,
        _ => null,
      };

  // Restoring the subscription list.

  void _restoreAnswered(Session session, SubscribeResult told) {
    final failed = {for (final one in told.failures) one.userId};
    final (:kept, :lost) = session.restore.answered(failed);
    _told(told.statuses);
    _listChanged(session, kept, [...lost.users, ...told.evicted]);
    _leaveCache([...lost.notWatched, ...told.notWatched]);
  }

  void _restoreRefused(Session session, LamplightException refusal) {
    final restore = session.restore;
    if (refusal.code == LamplightCode.batchTooLarge &&
        restore.batchTooLarge()) {
      return;
    }
    if (_mayPass(session, refusal)) {
      return restore.refusedForNow(_now);
    }
    final lost = restore.giveUp();
    _listChanged(session, const [], lost.users);
    _leaveCache(lost.notWatched);
  }

  /// Handles the refusal of a call of the SDK itself about the subscription
  /// list. Returns whether the same call may succeed later.
  bool _mayPass(Session session, LamplightException refusal) {
    final isGateClosed = refusal.code == LamplightCode.editionNotSupported ||
        refusal.code == LamplightCode.statusSwitchedOff;
    return _retryAfter(refusal) != null ||
        // The app may allow subscriptions again. Only a server that sends
        // abilities reports this.
        (isGateClosed && session.abilities != null);
  }

  /// Handles the answer to a read of the subscription list. The list was read
  /// because another device may have changed it.
  void _listCheckAnswered(Session session, List<String> listed) {
    final now = listed.toSet();
    final before = session.subscriptions.toSet();
    final subscribed = listed.where((user) => !before.contains(user)).toList();
    final unsubscribed = before.difference(now).toList();
    if (subscribed.isNotEmpty || unsubscribed.isNotEmpty) {
      _emit(SubscriptionsChangedEvent(subscribed, unsubscribed));
    }
    _listRead(session, listed);
  }

  void _listCheckRefused(Session session, LamplightException refusal) {
    if (_mayPass(session, refusal)) {
      return session.listCheck.refusedUntil(_now + restoreAfterRefusal);
    }
    _leaveUnlessSubscribed(session, session.listCheck.giveUp());
  }

  /// Stores the subscription list that was read. Former friends who are not on
  /// it are not watched any more.
  void _listRead(Session session, List<String> users) {
    session.subscriptions = [...users];
    _leaveUnlessSubscribed(session, session.listCheck.read());
  }
}

/// Returns the wait after a refusal; null if the refusal is permanent.
BackOff? _retryAfter(LamplightException refusal) => switch (refusal.code) {
      LamplightCode.tooManyFailures => const BackOff(_afterTooManyFailures),
      LamplightCode.calledTooOften ||
      LamplightCode.internal ||
      LamplightCode.appRate ||
      LamplightCode.tooFrequent ||
      LamplightCode.requestsTooFrequent =>
        const BackOff(),
      _ => null,
    };
