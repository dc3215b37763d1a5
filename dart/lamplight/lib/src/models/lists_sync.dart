/// Keeps the conversations and the friends of this user up to date. Reads them
/// when they are needed, and applies the changes that the server sends. Reads
/// them again when the server reports that they are outdated.
///
/// The server does not send a change to the device that has made it with a
/// call. Calls that change lists are therefore made through this class, which
/// applies their answers.
library;

import 'dart:async';

import '../client.dart';
import '../model/codes.dart';
import '../model/events.dart';
import '../model/exception.dart';
import '../model/lists.dart';
import '../model/results.dart';
import 'pause.dart';
import 'table.dart';

/// The state of a list.
sealed class ListState {
  const ListState();
}

/// The list has not been read yet.
final class ListLoading extends ListState {
  /// Creates the state.
  const ListLoading();

  @override
  String toString() => 'ListLoading()';
}

/// The list has rows to show. If it is still being read, more rows follow.
final class ListReady extends ListState {
  /// Creates the state.
  const ListReady();

  @override
  String toString() => 'ListReady()';
}

/// The list could not be read. If it was read completely before, the state
/// stays [ListReady], and the list is read again after the next reconnect.
final class ListFailed extends ListState {
  /// Creates the state.
  const ListFailed(this.error);

  /// The cause.
  final LamplightException error;

  @override
  String toString() => 'ListFailed($error)';
}

/// The number of rows on the first page. A small page arrives early.
const int _firstRows = 100;

/// The number of pages that are read without a pause. The server allows a user
/// 20 calls in 5 s; the rest is left to the application.
const int _atOnce = 8;

/// The pause before each further page.
const Duration _pause = Duration(milliseconds: 500);

/// The lists of one client.
final class ListsSync {
  /// Starts to listen to a client. A list is read when it is first used.
  ListsSync(this._client, {required void Function() onChange})
      : _onChange = onChange {
    conversations = KeptList._(
      _client,
      first: () => _client.getConversationPage(limit: _firstRows),
      then: (page) => _client.getConversationPage(next: page.next),
      take: (page, table) {
        table.put(
          {for (final row in page.conversations) row.peer: row},
          page.listsVersion,
          isPage: true,
        );
        return page.next == null;
      },
      onChange: onChange,
    );
    friends = KeptList._(
      _client,
      first: () => _client.getFriendPage(limit: _firstRows),
      then: (page) =>
          _client.getFriendPage(after: page.friends.last.userId),
      take: (page, table) {
        table.put(
          {for (final friend in page.friends) friend.userId: friend},
          page.listsVersion,
          isPage: true,
        );
        return page.isLast || page.friends.isEmpty;
      },
      onChange: onChange,
    );
    _listening = _client.events.listen(_heard);
  }

  final LamplightClient _client;
  final void Function() _onChange;
  late final StreamSubscription<LamplightEvent> _listening;

  /// The conversations.
  late final KeptList<Conversation, ConversationPage> conversations;

  /// The friends.
  late final KeptList<Friend, FriendPage> friends;

  /// Stops reading lists and listening to the client.
  void dispose() {
    unawaited(_listening.cancel());
    conversations._stop();
    friends._stop();
  }

  /// Sends a text message, and moves its conversation to the top.
  Future<SentMessage> sendTextMessage(
    String to,
    String text, {
    String? clientMessageId,
  }) async =>
      _sent(
        await _client.sendTextMessage(
          to,
          text,
          clientMessageId: clientMessageId,
        ),
      );

  /// Sends custom content, and moves its conversation to the top.
  Future<SentMessage> sendCustomMessage(
    String to,
    CustomContent content, {
    String? clientMessageId,
  }) async =>
      _sent(
        await _client.sendCustomMessage(
          to,
          content,
          clientMessageId: clientMessageId,
        ),
      );

  /// Marks the messages of a peer as read.
  Future<ConversationResult> markRead(String peer) async =>
      _answered(await _client.markRead(peer));

  /// Pins a conversation to the top of the list, or unpins it.
  Future<ConversationResult> pinConversation(
    String peer, {
    required bool pinned,
  }) async =>
      _answered(await _client.pinConversation(peer, pinned: pinned));

  /// Removes a conversation from the list of this user.
  Future<void> deleteConversation(String peer) async {
    final version = await _client.deleteConversation(peer);
    conversations.table.drop([peer], version);
    _onChange();
  }

  /// Adds a user to the friend list of this user.
  Future<FriendResult> addFriend(
    String userId, {
    String remark = '',
    String addSource = '',
    String addWording = '',
    bool single = false,
  }) async =>
      _befriended(
        await _client.addFriend(
          userId,
          remark: remark,
          addSource: addSource,
          addWording: addWording,
          single: single,
        ),
      );

  /// Removes users from the friend list of this user.
  Future<DeleteFriendsResult> deleteFriends(
    Iterable<String> userIds, {
    bool single = false,
  }) async {
    final users = userIds.toList();
    final result = await _client.deleteFriends(users, single: single);
    final failed = {for (final failure in result.failures) failure.userId};
    _unfriended(
      users.where((user) => !failed.contains(user)),
      result.listsVersion,
    );
    return result;
  }

  /// Changes the remark on a friend.
  Future<FriendResult> setFriendRemark(String userId, String remark) async =>
      _befriended(await _client.setFriendRemark(userId, remark));

  SentMessage _sent(SentMessage sent) {
    _moved(sent.message, sent.listsVersion);
    return sent;
  }

  /// After this user has sent a message, moves its conversation to the top, or
  /// creates the conversation.
  void _moved(Message message, int version) {
    final friend = friends.table[message.to];
    final row = conversations.table[message.to] ??
        Conversation(
          peer: message.to,
          profile: friend?.profile ?? UserProfile(userId: message.to),
          remark: friend?.remark ?? '',
        );
    if ((row.lastMessage?.sequence ?? 0) < message.sequence) {
      final moved = row.copy(
        lastMessage: message,
        activeAt: message.time ?? row.activeAt,
      );
      conversations.table
        ..revise(message.to, (_) => moved)
        ..put({message.to: moved}, version);
      _onChange();
    }
  }

  ConversationResult _answered(ConversationResult result) {
    final row = result.conversation;
    conversations.table.put({row.peer: row}, result.listsVersion);
    _onChange();
    return result;
  }

  FriendResult _befriended(FriendResult result) {
    _tookFriends([result.friend], result.listsVersion);
    _onChange();
    return result;
  }

  void _tookFriends(List<Friend> changed, int version) {
    friends.table.put({for (final one in changed) one.userId: one}, version);
    for (final friend in changed) {
      conversations.table.revise(
        friend.userId,
        (row) => row.copy(remark: friend.remark, profile: friend.profile),
      );
    }
  }

  void _unfriended(Iterable<String> users, int version) {
    friends.table.drop(users, version);
    for (final user in users) {
      conversations.table.revise(user, (row) => row.copy(remark: ''));
    }
    _onChange();
  }

  void _heard(LamplightEvent event) {
    switch (event) {
      case ConversationsChangedEvent(
          :final changed,
          :final deleted,
          :final listsVersion,
        ):
        conversations.table
          ..put({for (final row in changed) row.peer: row}, listsVersion)
          ..drop(deleted, listsVersion);
        _onChange();
      case FriendListChangedEvent(
          :final changed,
          :final deleted,
          :final listsVersion,
        ):
        _tookFriends(changed, listsVersion);
        _unfriended(deleted, listsVersion);
      case UsersInfoChangedEvent(:final profiles):
        for (final profile in profiles) {
          friends.table
              .revise(profile.userId, (one) => one.copy(profile: profile));
          conversations.table
              .revise(profile.userId, (row) => row.copy(profile: profile));
        }
        _onChange();
      case ListsOutdatedEvent() || EventsMissedEvent():
        conversations._readAgain();
        friends._readAgain();
      case ConnectedEvent():
        conversations._connected();
        friends._connected();
      case MessagesReceivedEvent(:final messages):
        // A message of this user that was stored although its call failed has no
        // lists version, and the server sends no changed row for it.
        for (final message in messages) {
          if (message.from == _client.userId) {
            _moved(message, 0);
          }
        }
      case SessionEndedEvent():
        conversations._end();
        friends._end();
        _onChange();
      case ConnectingEvent() ||
            ConnectFailedEvent() ||
            DisconnectedEvent() ||
            StatusChangedEvent() ||
            NotWatchedEvent() ||
            SubscriptionsChangedEvent() ||
            AbilitiesChangedEvent() ||
            BlockListChangedEvent() ||
            VisibilityChangedEvent() ||
            SelfInfoChangedEvent():
        break;
    }
  }
}

/// One list, and the progress of reading it.
final class KeptList<T, P> {
  KeptList._(
    this._client, {
    required Future<P> Function() first,
    required Future<P> Function(P page) then,
    required bool Function(P page, ListTable<T> table) take,
    required void Function() onChange,
  })  : _first = first,
        _then = then,
        _take = take,
        _onChange = onChange;

  final LamplightClient _client;
  final Future<P> Function() _first;
  final Future<P> Function(P page) _then;

  /// Puts a page into the table. Returns whether it was the last page.
  final bool Function(P page, ListTable<T> table) _take;
  final void Function() _onChange;

  /// The rows.
  final ListTable<T> table = ListTable<T>();
  ListState _state = const ListLoading();
  bool _isWanted = false;

  /// The number of readings of the list that have begun, plus the number of
  /// sessions that have ended. If it has changed before a page arrives, the
  /// page is ignored, because its reading is over.
  int _attempt = 0;
  Future<void>? _reading;

  /// The failure of the last reading. If the list was read completely before,
  /// the rows may be outdated.
  LamplightException? _failure;

  /// The pause before the next page; null if there is none at the moment.
  Pause? _pausing;
  bool _isStopped = false;

  /// The state of the list. The first access starts to read it.
  ListState get state {
    if (!_isWanted) {
      _isWanted = true;
      _begin();
    }
    return _state;
  }

  /// The visible rows.
  Iterable<T> get visible => table.visible;

  /// Completes when the whole list was read, or with an error if it cannot be
  /// read. After a failure, reads the list again.
  Future<void> get whole async {
    if (state is ListFailed || _failure != null) {
      _begin();
    }
    for (;;) {
      final reading = _reading;
      if (_failure case final error? when reading == null) {
        throw error;
      }
      if (reading == null && table.isComplete) {
        return;
      }
      if (reading == null) {
        throw LamplightException.of(LamplightCode.notLoggedIn);
      }
      await reading;
    }
  }

  /// Reads the list again after a failed attempt.
  void retry() {
    _isWanted = true;
    _begin();
  }

  void _readAgain() {
    if (_isWanted) {
      _begin();
    }
  }

  /// Reads the list, if it was requested but not read completely. A reading in
  /// progress continues.
  void _connected() {
    final isMissing = _failure != null || !table.isComplete;
    if (_isWanted && isMissing && _reading == null) {
      _begin();
    }
  }

  void _end() {
    _attempt += 1;
    _reading = null;
    _failure = null;
    _pausing?.end();
    table.clear();
    _state = const ListLoading();
  }

  void _stop() {
    _isStopped = true;
    _end();
  }

  void _begin() {
    _attempt += 1;
    _pausing?.end();
    if (_client.userId == null || _isStopped) {
      return;
    }
    _failure = null;
    final ListState shown =
        table.isComplete ? const ListReady() : const ListLoading();
    if (_state.runtimeType != shown.runtimeType) {
      _state = shown;
      _onChange();
    }
    final reading = _read(_attempt);
    _reading = reading;
    unawaited(reading);
  }

  Future<void> _read(int attempt) async {
    table.beginReading();
    try {
      var pages = 1;
      var page = await _patiently(attempt, _first);
      while (attempt == _attempt) {
        final isLast = _take(page, table);
        if (isLast) {
          table.endReading();
          _reading = null;
        }
        _state = const ListReady();
        _onChange();
        if (isLast) {
          return;
        }
        pages += 1;
        if (pages > _atOnce) {
          await (_pausing = Pause(_pause)).over;
          if (attempt != _attempt) {
            return;
          }
        }
        final before = page;
        page = await _patiently(attempt, () => _then(before));
      }
    } on LamplightException catch (error) {
      if (attempt == _attempt) {
        _reading = null;
        _failure = error;
        if (!table.isComplete) {
          _state = ListFailed(error);
        }
        _onChange();
      }
    }
  }

  /// Reads a page. After a refusal because of the rate limit, waits and reads
  /// it again, unless the reading [attempt] is over.
  Future<P> _patiently(int attempt, Future<P> Function() read) async {
    for (var request = 1;; request += 1) {
      try {
        return await read();
      } on LamplightException catch (error) {
        final isRefused = error.code == LamplightCode.calledTooOften;
        if (!isRefused || request == mostRequests || attempt != _attempt) {
          rethrow;
        }
        await (_pausing = Pause(ratePause)).over;
        if (attempt != _attempt) {
          rethrow;
        }
      }
    }
  }
}

/// Copies of a conversation.
extension ConversationCopy on Conversation {
  /// Returns a copy with other values for some fields. Fields that are null
  /// keep their values.
  Conversation copy({
    Message? lastMessage,
    UserProfile? profile,
    String? remark,
    DateTime? activeAt,
  }) =>
      Conversation(
        peer: peer,
        profile: profile ?? this.profile,
        lastMessage: lastMessage ?? this.lastMessage,
        unread: unread,
        readSequence: readSequence,
        isPinned: isPinned,
        remark: remark ?? this.remark,
        activeAt: activeAt ?? this.activeAt,
      );
}

/// Copies of a friend.
extension FriendCopy on Friend {
  /// Returns a copy with another profile.
  Friend copy({required UserProfile profile}) => Friend(
        userId: userId,
        profile: profile,
        remark: remark,
        isMutual: isMutual,
        addedAt: addedAt,
        addSource: addSource,
        addWording: addWording,
      );
}
