/// The calls about conversations.
library;

import 'dart:math';

import '../client.dart';
import '../model/codes.dart';
import '../model/exception.dart';
import '../model/lists.dart';
import '../models/rows.dart';
import 'answers.dart';
import 'listeners.dart';
import 'message_types.dart';
import 'session.dart';
import 'shapes.dart';
import 'types.dart';

/// The calls about conversations.
class V2TIMConversationManager {
  /// Adds a listener, like [addConversationListener]: earlier listeners stay.
  Future<void> setConversationListener({
    required V2TimConversationListener listener,
  }) =>
      addConversationListener(listener: listener);

  /// Adds a listener.
  Future<void> addConversationListener({
    required V2TimConversationListener listener,
  }) async {
    session.lists.conversations.add(listener);
    session.lists.wake();
  }

  /// Removes a listener, or all listeners if there is no argument.
  Future<void> removeConversationListener({
    V2TimConversationListener? listener,
  }) async {
    final listeners = session.lists.conversations;
    listener == null ? listeners.clear() : listeners.remove(listener);
  }

  /// Reads a page of the list. Pinned conversations come first, then the
  /// others. In each of the two groups, conversations with the latest messages
  /// come first. [nextSeq] is `0` for the first page, or the `nextSeq` of the
  /// previous page.
  Future<V2TimValueCallback<V2TimConversationResult>> getConversationList({
    required String nextSeq,
    required int count,
  }) async {
    final from = int.tryParse(nextSeq);
    if (from == null || from < 0 || count <= 0) {
      return invalid('nextSeq must be a number, and count must be positive');
    }
    return session.ask((running) async {
      final rows = await _sorted(running);
      final begin = from.clamp(0, rows.length);
      // The sum is limited with `min`, because `begin + count` could overflow.
      final end = begin + min<int>(count, rows.length - begin);
      return V2TimConversationResult(
        nextSeq: '$end',
        isFinished: end == rows.length,
        conversationList: [
          for (final row in rows.sublist(begin, end))
            conversationOf(row, running),
        ],
      );
    });
  }

  /// Reads conversations by their ids. Ids of conversations that do not exist
  /// are left out.
  Future<V2TimValueCallback<List<V2TimConversation>>>
      getConversationListByConversaionIds({
    required List<String> conversationIDList,
  }) =>
          session.ask((running) async {
            final ids = [...conversationIDList];
            final list = running.kit.lists.conversations;
            await list.whole;
            return [
              for (final id in ids)
                if (list.table[peerOf(id) ?? ''] case final row?)
                  conversationOf(row, running),
            ];
          });

  /// Reads a conversation. If it does not exist, the answer has an empty
  /// conversation.
  Future<V2TimValueCallback<V2TimConversation>> getConversation({
    required String conversationID,
  }) async {
    final peer = peerOf(conversationID);
    if (peer == null) {
      return _noSuchKind(conversationID);
    }
    return session.ask((running) async {
      await running.kit.lists.conversations.whole;
      return conversationOf(_rowOf(running, peer), running);
    });
  }

  /// Pins a conversation to the top, or unpins it.
  Future<V2TimCallback> pinConversation({
    required String conversationID,
    required bool isPinned,
  }) =>
      _onPeer(
        conversationID,
        (running, peer) =>
            running.kit.lists.pinConversation(peer, pinned: isPinned),
      );

  /// Removes a conversation from the list, with its messages.
  Future<V2TimCallback> deleteConversation({
    required String conversationID,
  }) =>
      _onPeer(
        conversationID,
        (running, peer) => running.kit.lists.deleteConversation(peer),
      );

  /// Removes conversations from the list. Lamplight always deletes their
  /// messages as well, so [clearMessage] must be true.
  Future<V2TimValueCallback<List<V2TimConversationOperationResult>>>
      deleteConversationList({
    required List<String> conversationIDList,
    required bool clearMessage,
  }) async {
    if (!clearMessage) {
      return notSupported('deleteConversationList without clearMessage');
    }
    final ids = [...conversationIDList];
    return session.ask((running) async {
      final expectSession = running.client.sessionOfCalls();
      return [
        for (final id in ids)
          await _operated(
            id,
            () => _onPeer(id, (_, peer) {
              expectSession();
              return running.kit.lists.deleteConversation(peer);
            }),
          ),
      ];
    });
  }

  /// Returns the number of unread messages over all conversations.
  Future<V2TimValueCallback<int>> getTotalUnreadMessageCount() =>
      session.ask((running) async {
        final rows = await _sorted(running);
        return rows.fold<int>(0, (sum, row) => sum + row.unread);
      });

  /// Marks a conversation as read. If [conversationID] is empty, marks all
  /// conversations. The other arguments must be 0, because Lamplight cannot
  /// mark a part of a conversation.
  Future<V2TimCallback> cleanConversationUnreadMessageCount({
    required String conversationID,
    required int cleanTimestamp,
    required int cleanSequence,
  }) async {
    if (cleanTimestamp != 0 || cleanSequence != 0) {
      return notSupported('marking a part of a conversation as read');
    }
    if (conversationID.isEmpty) {
      return session.call(markAllRead);
    }
    return _onPeer(
      conversationID,
      (running, peer) => running.kit.lists.markRead(peer),
    );
  }

  /// Stores a draft in the memory of this process. If the text is null or
  /// empty, removes the draft.
  Future<V2TimCallback> setConversationDraft({
    required String conversationID,
    String? draftText = '',
  }) =>
      _onPeer(conversationID, (running, peer) async {
        if (running.client.userId == null) {
          throw LamplightException.of(LamplightCode.notLoggedIn);
        }
        running.kit.setDraft(peer, draftText ?? '');
        session.lists.tellDraft(conversationOf(_rowOf(running, peer), running));
      });

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getConversationListByFilter({
    required Object filter,
    required int nextSeq,
    required int count,
  }) =>
      absent('getConversationListByFilter');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> setConversationCustomData({
    required String customData,
    required List<String> conversationIDList,
  }) =>
      absent('setConversationCustomData');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> markConversation({
    required int markType,
    required bool enableMark,
    required List<String> conversationIDList,
  }) =>
      absent('markConversation');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> createConversationGroup({
    required String groupName,
    required List<String> conversationIDList,
  }) =>
      absent('createConversationGroup');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getConversationGroupList() =>
      absent('getConversationGroupList');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> deleteConversationGroup({
    required String groupName,
  }) =>
      absent('deleteConversationGroup');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> renameConversationGroup({
    required String oldName,
    required String newName,
  }) =>
      absent('renameConversationGroup');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> addConversationsToGroup({
    required String groupName,
    required List<String> conversationIDList,
  }) =>
      absent('addConversationsToGroup');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> deleteConversationsFromGroup({
    required String groupName,
    required List<String> conversationIDList,
  }) =>
      absent('deleteConversationsFromGroup');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getUnreadMessageCountByFilter({
    required Object filter,
  }) =>
      absent('getUnreadMessageCountByFilter');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> subscribeUnreadMessageCountByFilter({
    required Object filter,
  }) =>
      absent('subscribeUnreadMessageCountByFilter');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> unsubscribeUnreadMessageCountByFilter({
    required Object filter,
  }) =>
      absent('unsubscribeUnreadMessageCountByFilter');

  Future<V2TimCallback> _onPeer(
    String conversationId,
    Future<Object?> Function(Running running, String peer) make,
  ) async {
    final peer = peerOf(conversationId);
    if (peer == null) {
      return _noSuchKind(conversationId);
    }
    return session.call((running) => make(running, peer));
  }

  V2TimValueCallback<Never> _noSuchKind(String conversationId) =>
      conversationId.startsWith('group_')
          ? notSupported('groups')
          : invalid('conversationID must be c2c_ and a userID');

  Future<V2TimConversationOperationResult> _operated(
    String conversationId,
    Future<V2TimCallback> Function() make,
  ) async {
    final V2TimCallback(:code, :desc) = await make();
    return V2TimConversationOperationResult(
      conversationID: conversationId,
      resultCode: code,
      resultInfo: desc,
    );
  }
}

/// Marks every conversation with unread messages as read.
Future<void> markAllRead(Running running) async {
  final expectSession = running.client.sessionOfCalls();
  for (final row in await _sorted(running)) {
    if (row.unread > 0) {
      expectSession();
      await running.kit.lists.markRead(row.peer);
    }
  }
}

Future<List<Conversation>> _sorted(Running running) async {
  final list = running.kit.lists.conversations;
  await list.whole;
  return inOrder(list.visible);
}

/// Returns the row of a peer; an empty row if there is no conversation with the
/// peer.
Conversation _rowOf(Running running, String peer) {
  final friend = running.kit.friend(peer);
  return running.kit.lists.conversations.table[peer] ??
      Conversation(
        peer: peer,
        profile: friend?.profile ?? UserProfile(userId: peer),
        remark: friend?.remark ?? '',
      );
}
