part of 'machine.dart';

/// The longest requested wait that the client accepts, in milliseconds. A
/// longer wait is reduced to this value. Lamplight's server requests at most
/// ten minutes, the longest spread.
const _longestRetryAfter = 3600000;

/// The part of the connection machine that handles messages that the server
/// sends without a request.
extension _Notices on Machine {
  /// Handles a message of the server.
  void _received(ServerMessage message) {
    final session = _session;
    if (session == null) return;
    if (session.phase case Live(:final link)) link.heard(_now);
    switch (message) {
      case AnswerMessage():
        _answered(message);
      case RefusalMessage():
        _refused(message);
      case StatusChangedMessage(:final statuses):
        if (session.phase case LoggingIn(:final early)) {
          early.addAll(statuses);
        } else {
          _told(statuses);
          if (message.isSnapshotComplete) _snapshotComplete(session);
        }
      case SubscriptionsChangedMessage():
        _subscriptionsChanged(session, message);
      case ConnectionEndedMessage():
        _connectionEnded(session, message);
      case ListsChangedMessage():
        _listsChanged(session, message);
      case AppChangedMessage(:final abilities):
        _abilitiesTold(session, abilities);
      // The message belongs to a newer contract and is ignored.
      case UnknownMessage():
    }
  }

  /// Adds received statuses to the cache, and reports those that have changed.
  void _told(Iterable<UserStatus> statuses) {
    final changed = cache.fold(statuses, _session?.snapshot?.isFirst);
    if (changed.isNotEmpty) _emit(StatusChangedEvent(changed));
  }

  /// Stores the abilities of this client. The first abilities of a session are
  /// not reported as a change.
  void _abilitiesTold(Session session, Abilities? told) {
    if (told == null) return;
    final before = session.abilities;
    session.abilities = told;
    if (before != null && before != told) _emit(AbilitiesChangedEvent(told));
  }

  /// Removes from the cache the users who are not watched any more, and reports
  /// them. The user of this client stays.
  void _leaveCache(Iterable<String> users) {
    final own = _session?.user;
    final left = cache.remove(users.where((user) => user != own));
    if (left.isNotEmpty) _emit(NotWatchedEvent(left));
  }

  void _subscriptionsChanged(
    Session session,
    SubscriptionsChangedMessage told,
  ) {
    final SubscriptionsChangedMessage(:subscribed, :unsubscribed) = told;
    _emit(SubscriptionsChangedEvent(subscribed, unsubscribed));
    final lost = session.restore.forget(unsubscribed.toSet());
    _listChanged(session, subscribed, unsubscribed);
    _leaveCache([...told.notWatched, ...lost.notWatched]);
  }

  /// Updates the known subscription list: removes the users in [removed], and
  /// appends those in [added].
  void _listChanged(
    Session session,
    Iterable<String> added,
    Iterable<String> removed,
  ) {
    final gone = removed.toSet();
    final newest = added.toSet().difference(gone);
    session.listCheck.forget(added);
    session.subscriptions = [
      for (final user in session.subscriptions)
        if (!gone.contains(user) && !newest.contains(user)) user,
      ...newest,
    ];
  }

  /// Records a received lists version. 0 means that the change has no version.
  void _listsTold(Session session, int version) {
    if (session.listsVersion case final int known) {
      session.listsVersion = max(known, version);
    }
  }

  /// Emits the changes of the user's lists: first the messages, then the
  /// conversations, the friends, and the block list and the visibility.
  void _listsChanged(Session session, ListsChangedMessage told) {
    final version = told.listsVersion;
    _listsTold(session, version);
    if (told.isReload) return _emit(ListsOutdatedEvent(version));
    if (told.messages.isNotEmpty) _emit(MessagesReceivedEvent(told.messages));
    if (told.conversations.isNotEmpty || told.deletedConversations.isNotEmpty) {
      _emit(
        ConversationsChangedEvent(
          changed: told.conversations,
          deleted: told.deletedConversations,
          totalUnread: told.totalUnread,
          listsVersion: version,
        ),
      );
    }
    if (told.friends.isNotEmpty || told.deletedFriends.isNotEmpty) {
      _emit(
        FriendListChangedEvent(
          changed: told.friends,
          deleted: told.deletedFriends,
          listsVersion: version,
        ),
      );
    }
    if (told.blocked.isNotEmpty || told.unblocked.isNotEmpty) {
      _emit(
        BlockListChangedEvent(
          blocked: told.blocked,
          unblocked: told.unblocked,
          listsVersion: version,
        ),
      );
    }
    if (told.visibility case final visibility?) {
      _emit(VisibilityChangedEvent(visibility, version));
    }
    if (told.profile case final profile?) _emit(SelfInfoChangedEvent(profile));
    if (told.profiles.isNotEmpty) _emit(UsersInfoChangedEvent(told.profiles));
    session.listCheck.forget([
      for (final friend in told.friends)
        if (friend.isMutual) friend.userId,
    ]);
    _noFriends(session, [
      for (final friend in told.friends)
        if (!friend.isMutual) friend.userId,
      ...told.deletedFriends,
    ]);
  }

  /// Removes former friends from the cache, except those to whom the account is
  /// subscribed. The server does not report such a removal.
  void _noFriends(Session session, Iterable<String> users) {
    if (session.listCheck.isKnown) {
      _leaveUnlessSubscribed(session, users);
    } else {
      session.listCheck.add(
        users.where((user) => user != session.user && cache[user] != null),
      );
    }
  }

  void _leaveUnlessSubscribed(Session session, Iterable<String> users) =>
      _leaveCache(
        users.where((user) => !session.subscriptions.contains(user)),
      );

  /// Handles the message with which the server ends this link.
  void _connectionEnded(Session session, ConnectionEndedMessage told) {
    final ConnectionEndedMessage(:message, :retryAfter) = told;
    final span = min(retryAfter, _longestRetryAfter);
    LinkEnd why(LinkEndKind kind, String otherwise) =>
        LinkEnd(kind, message.isEmpty ? otherwise : message);
    final over = switch (told.cause) {
      EndCause.kickedByOtherLogin =>
        KickedOfflineEvent(byPlatform: told.byPlatform),
      EndCause.kickedByOperator => const KickedByOperatorEvent(),
      EndCause.userSigExpired => const UserSigExpiredEvent(),
      EndCause.accountDeleted => const AccountDeletedEvent(),
      EndCause.superseded => const SupersededEvent(),
      EndCause.loggedOut => const LoggedOutEvent(),
      EndCause.reconnect ||
      EndCause.tooManyConnections ||
      EndCause.timeout ||
      EndCause.loginTimeout ||
      EndCause.protocolError ||
      EndCause.unspecified =>
        null,
    };
    if (over == null) {
      if (session.phase case LoggingIn(:final bytes)
          when told.cause == EndCause.protocolError) {
        // The server may have a lower limit for the size of a login, so the
        // next login names fewer versions. The server then sends the full
        // statuses of the users that the login does not name.
        session.loginRoom = bytes ~/ 2;
      }
      return switch (told.cause) {
        EndCause.reconnect => _linkEnded(
            why(LinkEndKind.moved, 'the server asked to reconnect'),
            AtTurn(span),
          ),
        EndCause.tooManyConnections => _linkEnded(
            why(LinkEndKind.tooManyConnections, 'too many connections'),
            BackOff(span),
          ),
        EndCause.timeout => _linkEnded(
            why(
              LinkEndKind.silent,
              'the server received nothing from this client',
            ),
            BackOff(span),
          ),
        EndCause.loginTimeout =>
          _linkEnded(_noLoginAnswer, BackOff(span)),
        _ => _linkEnded(
            why(LinkEndKind.endedByServer, 'ended by the server'),
            BackOff(span),
          ),
      };
    }
    final end = why(LinkEndKind.endedByServer, 'ended by the server');
    _failLogins(
      session,
      over is UserSigExpiredEvent
          ? LamplightException.of(LamplightCode.sigExpired)
          : _loginError(end),
    );
    _end(session.isEstablished ? over : LoginFailedEvent(end));
  }
}
