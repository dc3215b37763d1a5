/// The values of the cloud's Flutter plugin: messages and conversations, as
/// far as Lamplight has them.
library;

import 'enums.dart';

/// A text in a message.
class V2TimTextElem {
  /// Creates a text.
  V2TimTextElem({this.text});

  /// The text.
  String? text;
}

/// Custom content in a message.
class V2TimCustomElem {
  /// Creates content.
  V2TimCustomElem({this.data, this.desc, this.extension});

  /// The content itself.
  String? data;

  /// A text for people.
  String? desc;

  /// Further data.
  String? extension;
}

/// A message of two people. Fields of the plugin that Lamplight has no values
/// for are left out.
class V2TimMessage {
  /// Creates a message.
  V2TimMessage({
    this.msgID,
    this.timestamp,
    this.sender,
    this.nickName,
    this.friendRemark,
    this.faceUrl,
    this.groupID,
    this.userID,
    this.status,
    required this.elemType,
    this.textElem,
    this.customElem,
    this.localCustomData,
    this.cloudCustomData,
    this.isSelf,
    this.isRead,
    this.seq,
    this.id,
  });

  /// The id of a message that was sent.
  String? msgID;

  /// When the message was sent, in seconds.
  int? timestamp;

  /// The sender.
  String? sender;

  /// The sender's nick, where it is known.
  String? nickName;

  /// The own name for the sender.
  String? friendRemark;

  /// The address of the sender's picture.
  String? faceUrl;

  /// Always null: there are no groups.
  String? groupID;

  /// The other user of the conversation.
  String? userID;

  /// One of [MessageStatus].
  int? status;

  /// One of [MessageElemType].
  int elemType;

  /// The text.
  V2TimTextElem? textElem;

  /// The custom content.
  V2TimCustomElem? customElem;

  /// The application's own data, as it was given to `sendMessage`.
  String? localCustomData;

  /// Always null: Lamplight carries none.
  String? cloudCustomData;

  /// Whether the own user has sent it.
  bool? isSelf;

  /// Whether the own user has read it, where that is known.
  bool? isRead;

  /// The place in the conversation, from 1.
  String? seq;

  /// The id under which `sendMessage` was called.
  String? id;

  /// The message as a map.
  Map<String, dynamic> toJson() => {
        'msgID': msgID,
        'timestamp': timestamp,
        'sender': sender,
        'nickName': nickName,
        'friendRemark': friendRemark,
        'faceUrl': faceUrl,
        'userID': userID,
        'status': status,
        'elemType': elemType,
        'textElem': {'text': textElem?.text},
        'isSelf': isSelf,
        'isRead': isRead,
        'seq': seq,
        'id': id,
      };
}

/// A message that was made and can be sent.
class V2TimMsgCreateInfoResult {
  /// Creates a result.
  V2TimMsgCreateInfoResult({this.id, this.messageInfo});

  /// The id to call `sendMessage` with.
  String? id;

  /// The message.
  V2TimMessage? messageInfo;
}

/// A page of a conversation.
class V2TimMessageListResult {
  /// Creates a page.
  V2TimMessageListResult({required this.isFinished, required this.messageList});

  /// Whether there is nothing before these.
  bool isFinished;

  /// The messages, newest first.
  List<V2TimMessage> messageList;
}

/// An entry of the conversation list.
class V2TimConversation {
  /// Creates an entry.
  V2TimConversation({
    required this.conversationID,
    this.type,
    this.userID,
    this.groupID,
    this.showName,
    this.faceUrl,
    this.unreadCount,
    this.lastMessage,
    this.draftText,
    this.draftTimestamp,
    this.isPinned,
    this.recvOpt,
    this.orderkey,
  });

  /// `c2c_` and the other user.
  String conversationID;

  /// One of [ConversationType].
  int? type;

  /// The other user.
  String? userID;

  /// Always null: there are no groups.
  String? groupID;

  /// The name to show.
  String? showName;

  /// The address of the picture.
  String? faceUrl;

  /// Messages that are not read.
  int? unreadCount;

  /// The newest message.
  V2TimMessage? lastMessage;

  /// The draft, while this process lives.
  String? draftText;

  /// When the draft was written, in seconds.
  int? draftTimestamp;

  /// Whether it stands on top.
  bool? isPinned;

  /// Always 0: messages are received.
  int? recvOpt;

  /// Sorts the list: larger is higher.
  int? orderkey;

  /// The entry as a map.
  Map<String, dynamic> toJson() => {
        'conversationID': conversationID,
        'type': type,
        'userID': userID,
        'showName': showName,
        'faceUrl': faceUrl,
        'unreadCount': unreadCount,
        'lastMessage': lastMessage?.toJson(),
        'draftText': draftText,
        'isPinned': isPinned,
        'orderkey': orderkey,
      };
}

/// A page of the conversation list.
class V2TimConversationResult {
  /// Creates a page.
  V2TimConversationResult({
    this.nextSeq,
    this.isFinished,
    this.conversationList,
  });

  /// Where to go on.
  String? nextSeq;

  /// Whether this was the last page.
  bool? isFinished;

  /// The entries.
  List<V2TimConversation?>? conversationList;
}

/// The answer about one conversation of a call.
class V2TimConversationOperationResult {
  /// Creates a result.
  V2TimConversationOperationResult({
    this.conversationID,
    this.resultCode,
    this.resultInfo,
  });

  /// The conversation.
  String? conversationID;

  /// 0: done; else the reason why not.
  int? resultCode;

  /// The meaning of the code.
  String? resultInfo;
}
