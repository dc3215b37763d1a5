/// The messages and conversations of the cloud's Flutter plugin, with the
/// fields that Lamplight has.
library;

import 'enums.dart';
import 'offline_push_info.dart';

/// The text of a message.
class V2TimTextElem {
  /// Creates a text.
  V2TimTextElem({this.text});

  /// Creates a text from a map.
  V2TimTextElem.fromJson(Map<dynamic, dynamic> json)
      : text = json['text'] as String?;

  /// The text.
  String? text;

  /// Returns the text as a map.
  Map<String, dynamic> toJson() => {'text': text};
}

/// The custom content of a message.
class V2TimCustomElem {
  /// Creates content.
  V2TimCustomElem({this.data, this.desc, this.extension});

  /// Creates content from a map.
  V2TimCustomElem.fromJson(Map<dynamic, dynamic> json)
      : data = json['data'] as String?,
        desc = json['desc'] as String?,
        extension = json['extension'] as String?;

  /// The content itself.
  String? data;

  /// A readable description.
  String? desc;

  /// Further data.
  String? extension;

  /// Returns the content as a map.
  Map<String, dynamic> toJson() => {
        'data': data,
        'desc': desc,
        'extension': extension,
      };
}

/// A one-to-one message. Fields of the plugin for which Lamplight has no values
/// are missing.
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
    this.isPeerRead,
    this.priority,
    this.offlinePushInfo,
    this.seq,
    this.random,
    this.id,
  });

  /// Creates a message from a map that [toJson] has returned.
  V2TimMessage.fromJson(Map<dynamic, dynamic> json)
      : msgID = json['msgID'] as String?,
        timestamp = json['timestamp'] as int?,
        sender = json['sender'] as String?,
        nickName = json['nickName'] as String?,
        friendRemark = json['friendRemark'] as String?,
        faceUrl = json['faceUrl'] as String?,
        groupID = json['groupID'] as String?,
        userID = json['userID'] as String?,
        status = json['status'] as int?,
        elemType = json['elemType'] as int? ?? 0,
        textElem = _read(json['textElem'], V2TimTextElem.fromJson),
        customElem = _read(json['customElem'], V2TimCustomElem.fromJson),
        localCustomData = json['localCustomData'] as String?,
        cloudCustomData = json['cloudCustomData'] as String?,
        isSelf = json['isSelf'] as bool?,
        isRead = json['isRead'] as bool?,
        isPeerRead = json['isPeerRead'] as bool?,
        priority = json['priority'] as int?,
        offlinePushInfo =
            _read(json['offlinePushInfo'], OfflinePushInfo.fromJson),
        seq = json['seq'] as String?,
        random = json['random'] as int?,
        id = json['id'] as String?;

  /// The id of a message that was sent.
  String? msgID;

  /// The time at which the message was sent, in seconds since 1970.
  int? timestamp;

  /// The sender's id.
  String? sender;

  /// The nick of the sender; null if it is unknown, or the sender is this user.
  String? nickName;

  /// The user's remark on the sender.
  String? friendRemark;

  /// The address of the sender's picture.
  String? faceUrl;

  /// Always null, because Lamplight has no groups.
  String? groupID;

  /// The id of the other user of the conversation.
  String? userID;

  /// A constant of [MessageStatus].
  int? status;

  /// A constant of [MessageElemType].
  int elemType;

  /// The text.
  V2TimTextElem? textElem;

  /// The custom content.
  V2TimCustomElem? customElem;

  /// The data that the application has passed to `sendMessage`.
  String? localCustomData;

  /// Always null, because Lamplight does not transmit such data.
  String? cloudCustomData;

  /// Whether this user is the sender.
  bool? isSelf;

  /// Whether this user has read the message; null if that is unknown.
  bool? isRead;

  /// Never set, because Lamplight has no read receipts.
  bool? isPeerRead;

  /// The index of the [MessagePriorityEnum] that was passed to `sendMessage`.
  int? priority;

  /// The push settings that were passed to `sendMessage`.
  OfflinePushInfo? offlinePushInfo;

  /// The number of the message in the conversation, from 1.
  String? seq;

  /// Never set.
  int? random;

  /// The id that was passed to `sendMessage`.
  String? id;

  /// Returns the message as a map.
  Map<String, dynamic> toJson() => {
        'msgID': msgID,
        'timestamp': timestamp,
        'sender': sender,
        'nickName': nickName,
        'friendRemark': friendRemark,
        'faceUrl': faceUrl,
        'groupID': groupID,
        'userID': userID,
        'status': status,
        'elemType': elemType,
        'textElem': textElem?.toJson(),
        'customElem': customElem?.toJson(),
        'localCustomData': localCustomData,
        'cloudCustomData': cloudCustomData,
        'isSelf': isSelf,
        'isRead': isRead,
        'isPeerRead': isPeerRead,
        'priority': priority,
        'offlinePushInfo': offlinePushInfo?.toJson(),
        'seq': seq,
        'random': random,
        'id': id,
      };
}

/// A created message, which can be sent.
class V2TimMsgCreateInfoResult {
  /// Creates a result.
  V2TimMsgCreateInfoResult({this.id, this.messageInfo});

  /// The id to pass to `sendMessage`.
  String? id;

  /// The message.
  V2TimMessage? messageInfo;

  /// Returns the result as a map.
  Map<String, dynamic> toJson() => {
        'id': id,
        'messageInfo': messageInfo?.toJson(),
      };
}

/// A page of the history of a conversation.
class V2TimMessageListResult {
  /// Creates a page.
  V2TimMessageListResult({required this.isFinished, required this.messageList});

  /// Whether there are no earlier messages.
  bool isFinished;

  /// The messages, the newest first.
  List<V2TimMessage> messageList;

  /// Returns the page as a map.
  Map<String, dynamic> toJson() => {
        'isFinished': isFinished,
        'messageList': [for (final message in messageList) message.toJson()],
      };
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
    this.customData,
    this.c2cReadTimestamp,
  });

  /// Creates an entry from a map that [toJson] has returned.
  V2TimConversation.fromJson(Map<dynamic, dynamic> json)
      : conversationID = json['conversationID'] as String? ?? '',
        type = json['type'] as int?,
        userID = json['userID'] as String?,
        groupID = json['groupID'] as String?,
        showName = json['showName'] as String?,
        faceUrl = json['faceUrl'] as String?,
        unreadCount = json['unreadCount'] as int?,
        lastMessage = _read(json['lastMessage'], V2TimMessage.fromJson),
        draftText = json['draftText'] as String?,
        draftTimestamp = json['draftTimestamp'] as int?,
        isPinned = json['isPinned'] as bool?,
        recvOpt = json['recvOpt'] as int?,
        orderkey = json['orderkey'] as int?,
        customData = json['customData'] as String?,
        c2cReadTimestamp = json['c2cReadTimestamp'] as int?;

  /// `c2c_` followed by the other user's id.
  String conversationID;

  /// A constant of [ConversationType].
  int? type;

  /// The other user's id.
  String? userID;

  /// Always null, because Lamplight has no groups.
  String? groupID;

  /// The name that is shown.
  String? showName;

  /// The address of the picture.
  String? faceUrl;

  /// The number of unread messages.
  int? unreadCount;

  /// The newest message.
  V2TimMessage? lastMessage;

  /// The draft, which is stored only in the memory of this process.
  String? draftText;

  /// Never set. In the plugin, it is the time of the draft.
  int? draftTimestamp;

  /// Whether the conversation is pinned to the top of the list.
  bool? isPinned;

  /// Always 0: messages are received and pushed.
  int? recvOpt;

  /// The time of the last activity, in milliseconds since 1970. It does not
  /// depend on whether the row is pinned.
  int? orderkey;

  /// Never set.
  String? customData;

  /// Never set. The number of unread messages is in [unreadCount].
  int? c2cReadTimestamp;

  /// Returns the entry as a map.
  Map<String, dynamic> toJson() => {
        'conversationID': conversationID,
        'type': type,
        'userID': userID,
        'groupID': groupID,
        'showName': showName,
        'faceUrl': faceUrl,
        'unreadCount': unreadCount,
        'lastMessage': lastMessage?.toJson(),
        'draftText': draftText,
        'draftTimestamp': draftTimestamp,
        'isPinned': isPinned,
        'recvOpt': recvOpt,
        'orderkey': orderkey,
        'customData': customData,
        'c2cReadTimestamp': c2cReadTimestamp,
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

  /// The position at which the next page begins.
  String? nextSeq;

  /// Whether this was the last page.
  bool? isFinished;

  /// The entries.
  List<V2TimConversation?>? conversationList;

  /// Returns the page as a map.
  Map<String, dynamic> toJson() => {
        'nextSeq': nextSeq,
        'isFinished': isFinished,
        'conversationList': conversationList
            ?.map((conversation) => conversation?.toJson())
            .toList(),
      };
}

/// The result of a call for one conversation.
class V2TimConversationOperationResult {
  /// Creates a result.
  V2TimConversationOperationResult({
    this.conversationID,
    this.resultCode,
    this.resultInfo,
  });

  /// The id of the conversation.
  String? conversationID;

  /// 0 for success; otherwise the code of the failure.
  int? resultCode;

  /// The text of the code.
  String? resultInfo;

  /// Returns the result as a map.
  Map<String, dynamic> toJson() => {
        'conversationID': conversationID,
        'resultCode': resultCode,
        'resultInfo': resultInfo,
      };
}

T? _read<T>(Object? json, T Function(Map<dynamic, dynamic> json) read) =>
    json is Map ? read(json) : null;
