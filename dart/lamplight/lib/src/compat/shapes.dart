/// Converts the values of Lamplight to values of the plugin.
library;

import '../model/lists.dart' as core;
import '../model/status.dart';
import 'enums.dart';
import 'message_types.dart';
import 'session.dart';
import 'types.dart';

/// Converts a status.
V2TimUserStatus statusOf(UserStatus status) => V2TimUserStatus(
      userID: status.userId,
      statusType: status.type.number,
      customStatus: status.customStatus,
      onlineDevices: [
        for (final platform in status.onlineDevices) platform.label,
      ],
    );

/// Converts a profile.
V2TimUserFullInfo fullInfoOf(core.UserProfile profile) => V2TimUserFullInfo(
      userID: profile.userId,
      nickName: profile.nick,
      faceUrl: profile.avatarUrl,
      allowType: profile.allowType == core.AllowType.denyAny
          ? AllowType.V2TIM_FRIEND_DENY_ANY
          : AllowType.V2TIM_FRIEND_ALLOW_ANY,
    );

/// Converts an entry of the friend list.
V2TimFriendInfo friendInfoOf(core.Friend friend) => V2TimFriendInfo(
      userID: friend.userId,
      friendRemark: friend.remark,
      friendGroups: [],
      userProfile: fullInfoOf(friend.profile),
    );

/// Converts a message.
V2TimMessage messageOf(core.Message message, Running running) {
  final self = running.client.userId;
  final isSelf = message.from == self;
  final peer = isSelf ? message.to : message.from;
  final friend = isSelf ? null : running.kit.friend(message.from);
  final row = running.kit.lists.conversations.table[peer];
  final profile = isSelf ? null : friend?.profile ?? row?.profile;
  final (:elemType, :textElem, :customElem) =
      elementsOf(message.text, message.custom);
  return V2TimMessage(
    msgID: msgIdOf(message),
    timestamp: (message.time?.millisecondsSinceEpoch ?? 0) ~/ 1000,
    sender: message.from,
    nickName: profile?.nick,
    faceUrl: profile?.avatarUrl,
    friendRemark: friend?.remark,
    userID: peer,
    status: MessageStatus.V2TIM_MSG_STATUS_SEND_SUCC,
    elemType: elemType,
    textElem: textElem,
    customElem: customElem,
    isSelf: isSelf,
    isRead: isSelf || (row != null && message.sequence <= row.readSequence),
    seq: '${message.sequence}',
    id: message.clientMessageId,
  );
}

/// The content of a message, in the types of the plugin.
typedef Elements = ({
  int elemType,
  V2TimTextElem? textElem,
  V2TimCustomElem? customElem,
});

/// Converts the content of a message: the custom content, or the text if there
/// is none.
Elements elementsOf(String text, core.CustomContent? custom) => custom == null
    ? (
        elemType: MessageElemType.V2TIM_ELEM_TYPE_TEXT,
        textElem: V2TimTextElem(text: text),
        customElem: null,
      )
    : (
        elemType: MessageElemType.V2TIM_ELEM_TYPE_CUSTOM,
        textElem: null,
        customElem: V2TimCustomElem(
          data: custom.data,
          desc: custom.description,
          extension: custom.extension,
        ),
      );

/// Returns the id of a message. It contains the number in the conversation, and
/// both users.
String msgIdOf(core.Message message) =>
    '${message.sequence}@${message.from}@${message.to}';

/// Returns the number of a message in its conversation, which is the first part
/// of the message's id. Returns null if the id does not have the form of this
/// package.
int? sequenceOf(String msgId) {
  final at = msgId.indexOf('@');
  return at <= 0 ? null : int.tryParse(msgId.substring(0, at));
}

/// The prefix of the id of a one-to-one conversation.
const String _ofTwo = 'c2c_';

/// Returns the id of the conversation with a user.
String conversationIdOf(String peer) => '$_ofTwo$peer';

/// Returns the peer of a conversation; null if the id is not the id of a
/// one-to-one conversation.
String? peerOf(String conversationId) =>
    conversationId.startsWith(_ofTwo) && conversationId.length > _ofTwo.length
        ? conversationId.substring(_ofTwo.length)
        : null;

/// Converts an entry of the conversation list.
V2TimConversation conversationOf(core.Conversation row, Running running) {
  final last = row.lastMessage;
  final draft = running.kit.draftTo(row.peer);
  return V2TimConversation(
    conversationID: conversationIdOf(row.peer),
    type: ConversationType.V2TIM_C2C,
    userID: row.peer,
    showName: row.displayName,
    faceUrl: row.profile.avatarUrl,
    unreadCount: row.unread,
    lastMessage: last == null ? null : messageOf(last, running),
    draftText: draft.isEmpty ? null : draft,
    isPinned: row.isPinned,
    recvOpt: 0,
    orderkey: row.activeAt?.millisecondsSinceEpoch ?? 0,
  );
}
