/// The listeners to conversations, friends and messages. After each change, the
/// lists are compared with those that were reported last, and the differences
/// are reported.
library;

import 'dart:collection';

import '../model/lists.dart';
import '../models/lists_sync.dart';
import '../models/rows.dart';
import '../tell.dart';
import 'listeners.dart';
import 'message_types.dart';
import 'session.dart';
import 'shapes.dart';
import 'types.dart';

/// The listeners to the lists of a session. A list is read only if it has a
/// listener.
final class ListListeners {
  /// The listeners to the conversation list.
  final Set<V2TimConversationListener> conversations = {};

  /// The listeners to the friend list.
  final Set<V2TimFriendshipListener> friends = {};

  /// The listeners to messages.
  final Set<V2TimAdvancedMsgListener> messages = {};

  Running? _running;
  Map<String, Conversation>? _toldConversations;
  Map<String, Friend>? _toldFriends;
  int _toldUnread = 0;
  bool _isSyncing = false;

  /// The callbacks that are due. They are queued, because a listener may change
  /// the lists again.
  final Queue<void Function()> _news = Queue();
  bool _isTelling = false;

  /// Starts observing the lists of a client.
  void follow(Running running) {
    _running = running;
    running.kit.addListener(_changed);
  }

  /// Stops observing the lists of a client.
  void unfollow(Running running) {
    running.kit.removeListener(_changed);
    if (identical(_running, running)) {
      _running = null;
      _forget();
    }
  }

  /// Removes all listeners.
  void clear() {
    conversations.clear();
    friends.clear();
    messages.clear();
  }

  /// Reads the lists that have listeners. Called when the client has connected,
  /// and after a listener was added.
  void wake() => _changed();

  /// Reports a conversation whose draft has changed.
  void tellDraft(V2TimConversation conversation) => tellAll(
        conversations,
        (listener) => listener.onConversationChanged([conversation]),
      );

  /// Reports a message to the listeners.
  void tellMessage(V2TimMessage message, {required bool isModified}) =>
      tellAll(
        messages,
        (listener) => isModified
            ? listener.onRecvMessageModified(message)
            : listener.onRecvNewMessage(message),
      );

  void _forget() {
    _toldConversations = null;
    _toldFriends = null;
    _toldUnread = 0;
    _isSyncing = false;
    _news.clear();
  }

  void _changed() {
    final running = _running;
    if (running == null) {
      return;
    }
    if (running.client.userId == null) {
      _forget();
      return;
    }
    if (conversations.isNotEmpty) {
      _conversationsChanged(running);
    }
    if (friends.isNotEmpty) {
      _friendsChanged(running);
    }
    _tellNews();
  }

  void _tellNews() {
    if (_isTelling) {
      return;
    }
    _isTelling = true;
    while (_news.isNotEmpty) {
      _news.removeFirst()();
    }
    _isTelling = false;
  }

  void _toConversations(
    void Function(V2TimConversationListener listener) what,
  ) =>
      _news.add(() => tellAll(conversations, what));

  void _toFriends(void Function(V2TimFriendshipListener listener) what) =>
      _news.add(() => tellAll(friends, what));

  void _conversationsChanged(Running running) {
    final list = running.kit.lists.conversations;
    if (list.state is ListFailed) {
      if (_isSyncing) {
        _isSyncing = false;
        _toConversations((listener) => listener.onSyncServerFailed());
      }
      return;
    }
    if (_toldConversations == null && !_isSyncing) {
      _isSyncing = true;
      _toConversations((listener) => listener.onSyncServerStart());
    }
    if (!list.table.isComplete) {
      return;
    }
    final before = _toldConversations ?? const {};
    final now = {for (final row in list.visible) row.peer: row};
    _toldConversations = now;
    final differing = [
      for (final row in now.values)
        if (!identical(row, before[row.peer]) && row != before[row.peer]) row,
    ];
    List<V2TimConversation> shaped({required bool areNew}) => [
          for (final row in inOrder(differing))
            if (before.containsKey(row.peer) != areNew)
              conversationOf(row, running),
        ];
    if (differing.any((row) => !before.containsKey(row.peer))) {
      _toConversations(
        (listener) => listener.onNewConversation(shaped(areNew: true)),
      );
    }
    if (differing.any((row) => before.containsKey(row.peer))) {
      _toConversations(
        (listener) => listener.onConversationChanged(shaped(areNew: false)),
      );
    }
    final gone = [
      for (final peer in before.keys)
        if (!now.containsKey(peer)) conversationIdOf(peer),
    ];
    if (gone.isNotEmpty) {
      _toConversations(
        (listener) => listener.onConversationDeleted([...gone]),
      );
    }
    final unread = now.values.fold(0, (sum, row) => sum + row.unread);
    if (unread != _toldUnread) {
      _toldUnread = unread;
      _toConversations(
        (listener) => listener.onTotalUnreadMessageCountChanged(unread),
      );
    }
    if (_isSyncing) {
      _isSyncing = false;
      _toConversations((listener) => listener.onSyncServerFinish());
    }
  }

  void _friendsChanged(Running running) {
    final list = running.kit.lists.friends;
    if (list.state is ListFailed || !list.table.isComplete) {
      return;
    }
    final before = _toldFriends;
    final now = {for (final friend in list.visible) friend.userId: friend};
    _toldFriends = now;
    // The first list after a login is not reported as a change.
    if (before == null) {
      return;
    }
    List<V2TimFriendInfo> shaped({required bool areNew}) => [
          for (final friend in now.values)
            if (friend != before[friend.userId] &&
                before.containsKey(friend.userId) != areNew)
              friendInfoOf(friend),
        ];
    if (shaped(areNew: true).isNotEmpty) {
      _toFriends(
        (listener) => listener.onFriendListAdded(shaped(areNew: true)),
      );
    }
    if (shaped(areNew: false).isNotEmpty) {
      _toFriends(
        (listener) => listener.onFriendInfoChanged(shaped(areNew: false)),
      );
    }
    final gone = [
      for (final user in before.keys)
        if (!now.containsKey(user)) user,
    ];
    if (gone.isNotEmpty) {
      _toFriends((listener) => listener.onFriendListDeleted([...gone]));
    }
  }
}
