/// The plugin's types for features that Lamplight does not have. Programs that
/// name these types therefore compile. This package never creates a value of
/// them.
library;

/// The short profile of a user; never created.
class V2TimUserInfo {
  /// Creates a value.
  V2TimUserInfo({
    required this.userID,
    this.nickName,
    this.faceUrl,
  });

  /// The user's id.
  String userID;

  /// The nick.
  String? nickName;

  /// The address of the picture.
  String? faceUrl;

  /// Returns the value as a map.
  Map<String, dynamic> toJson() => {
        'userID': userID,
        'nickName': nickName,
        'faceUrl': faceUrl,
      };
}

/// A receipt of messages that were read; never created.
class V2TimMessageReceipt {
  /// Creates a value.
  V2TimMessageReceipt({
    required this.userID,
    required this.timestamp,
    this.groupID,
    this.msgID,
    this.readCount,
    this.unreadCount,
    this.isPeerRead,
  });

  /// The user who has read the messages.
  String userID;

  /// The time, in seconds since 1970, up to which the user has read the
  /// messages.
  int timestamp;

  /// The id of the group.
  String? groupID;

  /// The id of the message.
  String? msgID;

  /// The number of group members who have read the message.
  int? readCount;

  /// The number of group members who have not read the message.
  int? unreadCount;

  /// Whether the other user has read the message.
  bool? isPeerRead;

  /// Returns the value as a map.
  Map<String, dynamic> toJson() => {
        'userID': userID,
        'timestamp': timestamp,
        'groupID': groupID,
        'msgID': msgID,
        'readCount': readCount,
        'unreadCount': unreadCount,
        'isPeerRead': isPeerRead,
      };
}

/// A request to become friends; never created.
class V2TimFriendApplication {
  /// Creates a value.
  V2TimFriendApplication({
    required this.userID,
    this.nickname,
    this.faceUrl,
    this.addTime,
    this.addSource,
    this.addWording,
    required this.type,
  });

  /// The user who sent the request, or to whom it was sent.
  String userID;

  /// The nick.
  String? nickname;

  /// The address of the picture.
  String? faceUrl;

  /// The time of the request, in seconds since 1970.
  int? addTime;

  /// The source of the request.
  String? addSource;

  /// The text of the request.
  String? addWording;

  /// The direction of the request: received or sent.
  int type;

  /// Returns the value as a map.
  Map<String, dynamic> toJson() => {
        'userID': userID,
        'nickname': nickname,
        'faceUrl': faceUrl,
        'addTime': addTime,
        'addSource': addSource,
        'addWording': addWording,
        'type': type,
      };
}

/// The rule for receiving messages; never created.
class V2TimReceiveMessageOptInfo {
  /// Creates a value.
  V2TimReceiveMessageOptInfo({
    this.c2CReceiveMessageOpt,
    required this.userID,
    this.allReceiveMessageOpt,
    this.duration,
    this.startHour,
    this.startMinute,
    this.startSecond,
    this.startTimeStamp,
  });

  /// The rule for messages of one user.
  int? c2CReceiveMessageOpt;

  /// The id of the user to whom the rule applies.
  String userID;

  /// The rule for all messages.
  int? allReceiveMessageOpt;

  /// The length of the quiet time, in seconds.
  int? duration;

  /// The hour at which the quiet time begins.
  int? startHour;

  /// The minute at which the quiet time begins.
  int? startMinute;

  /// The second at which the quiet time begins.
  int? startSecond;

  /// The time at which the quiet time begins.
  int? startTimeStamp;

  /// Returns the value as a map.
  Map<String, dynamic> toJson() => {
        'c2CReceiveMessageOpt': c2CReceiveMessageOpt,
        'userID': userID,
        'allReceiveMessageOpt': allReceiveMessageOpt,
        'duration': duration,
        'startHour': startHour,
        'startMinute': startMinute,
        'startSecond': startSecond,
        'startTimeStamp': startTimeStamp,
      };
}

/// An extension of a message, with key and value; never created.
class V2TimMessageExtension {
  /// Creates a value.
  V2TimMessageExtension({
    required this.extensionKey,
    required this.extensionValue,
  });

  /// The key of the extension.
  String extensionKey;

  /// The value of the extension.
  String extensionValue;

  /// Returns the value as a map.
  Map<String, dynamic> toJson() => {
        'extensionKey': extensionKey,
        'extensionValue': extensionValue,
      };
}

/// The progress of a download; never created.
class V2TimMessageDownloadProgress {
  /// Creates a value.
  V2TimMessageDownloadProgress({
    required this.isFinish,
    required this.isError,
    required this.msgID,
    required this.currentSize,
    required this.totalSize,
    required this.type,
    required this.isSnapshot,
    required this.path,
    required this.errorCode,
    required this.errorDesc,
  });

  /// Whether the download has ended.
  bool isFinish;

  /// Whether the download has failed.
  bool isError;

  /// The id of the message.
  String msgID;

  /// The number of downloaded bytes.
  int currentSize;

  /// The total number of bytes.
  int totalSize;

  /// The type of the message's content.
  int type;

  /// Whether the downloaded file is the snapshot of a video.
  bool isSnapshot;

  /// The path of the downloaded file.
  String path;

  /// The code of the failed download.
  int errorCode;

  /// The text of the code.
  String errorDesc;

  /// Returns the value as a map.
  Map<String, dynamic> toJson() => {
        'isFinish': isFinish,
        'isError': isError,
        'msgID': msgID,
        'currentSize': currentSize,
        'totalSize': totalSize,
        'type': type,
        'isSnapshot': isSnapshot,
        'path': path,
        'errorCode': errorCode,
        'errorDesc': errorDesc,
      };
}

/// A reaction to a message; never created.
class V2TimMessageReaction {
  /// Creates a value.
  V2TimMessageReaction({
    required this.reactionID,
    required this.totalUserCount,
    required this.partialUserList,
    required this.reactedByMyself,
  });

  /// The id of the reaction.
  String reactionID;

  /// The number of users with this reaction.
  int totalUserCount;

  /// Some of the users with this reaction.
  List<V2TimUserInfo> partialUserList;

  /// Whether this user has this reaction.
  bool reactedByMyself;

  /// Returns the value as a map.
  Map<String, dynamic> toJson() => {
        'reactionID': reactionID,
        'totalUserCount': totalUserCount,
        'partialUserList': [for (final one in partialUserList) one.toJson()],
        'reactedByMyself': reactedByMyself,
      };
}

/// The reactions to a message after a change; never created.
class V2TIMMessageReactionChangeInfo {
  /// Creates a value.
  V2TIMMessageReactionChangeInfo({
    required this.messageID,
    required this.reactionList,
  });

  /// The id of the message.
  String messageID;

  /// The reactions.
  List<V2TimMessageReaction> reactionList;

  /// Returns the value as a map.
  Map<String, dynamic> toJson() => {
        'messageID': messageID,
        'reactionList': [for (final one in reactionList) one.toJson()],
      };
}

/// A member of a group; never created.
class V2TimGroupMemberInfo {
  /// Creates a value.
  V2TimGroupMemberInfo({
    this.userID,
    this.nickName,
    this.nameCard,
    this.friendRemark,
    this.faceUrl,
    this.onlineDevices,
  });

  /// The user's id.
  String? userID;

  /// The nick.
  String? nickName;

  /// The user's name in the group.
  String? nameCard;

  /// The remark of this user on the member.
  String? friendRemark;

  /// The address of the picture.
  String? faceUrl;

  /// The platforms that are connected.
  List<String>? onlineDevices;

  /// Returns the value as a map.
  Map<String, dynamic> toJson() => {
        'userID': userID,
        'nickName': nickName,
        'nameCard': nameCard,
        'friendRemark': friendRemark,
        'faceUrl': faceUrl,
        'onlineDevices': onlineDevices,
      };
}

/// A filter of conversations; never created.
class V2TimConversationFilter {
  /// Creates a value.
  V2TimConversationFilter({
    this.conversationType,
    this.conversationGroup,
    this.markType,
    this.hasUnreadCount,
    this.hasGroupAtInfo,
  });

  /// The type: a constant of `ConversationType`.
  int? conversationType;

  /// The name of the group of conversations.
  String? conversationGroup;

  /// The type of the mark on the conversation.
  int? markType;

  /// Whether there are unread messages.
  bool? hasUnreadCount;

  /// Whether this user is mentioned.
  bool? hasGroupAtInfo;

  /// Returns the value as a map.
  Map<String, dynamic> toJson() => {
        'conversationType': conversationType,
        'conversationGroup': conversationGroup,
        'markType': markType,
        'hasUnreadCount': hasUnreadCount,
        'hasGroupAtInfo': hasGroupAtInfo,
      };
}

/// An official account; never created.
class V2TimOfficialAccountInfo {
  /// Creates a value.
  V2TimOfficialAccountInfo({
    this.createTime,
    this.customData,
    this.faceUrl,
    this.officialAccountID,
    this.introduction,
    this.officialAccountName,
    this.organization,
    this.ownerUserID,
    this.subscriberCount,
    this.subscribeTime,
  });

  /// The time at which the account was created, in seconds since 1970.
  int? createTime;

  /// Data that the application defines.
  String? customData;

  /// The address of the picture.
  String? faceUrl;

  /// The id of the official account.
  String? officialAccountID;

  /// The introduction of the official account.
  String? introduction;

  /// The name of the official account.
  String? officialAccountName;

  /// The organization of the official account.
  String? organization;

  /// The owner's id.
  String? ownerUserID;

  /// The number of subscribers.
  int? subscriberCount;

  /// The time of the subscription, in seconds since 1970.
  int? subscribeTime;

  /// Returns the value as a map.
  Map<String, dynamic> toJson() => {
        'createTime': createTime,
        'customData': customData,
        'faceUrl': faceUrl,
        'officialAccountID': officialAccountID,
        'introduction': introduction,
        'officialAccountName': officialAccountName,
        'organization': organization,
        'ownerUserID': ownerUserID,
        'subscriberCount': subscriberCount,
        'subscribeTime': subscribeTime,
      };
}

/// An event of the UI kit; never created.
class UIKitEvent {
  /// Creates a value.
  UIKitEvent({
    required this.type,
    required this.detail,
  });

  /// The kind of the event.
  String type;

  /// The content of the event.
  Map<String, dynamic> detail;

  /// Returns the value as a map.
  Map<String, dynamic> toJson() => {
        'type': type,
        'detail': detail,
      };
}

/// An event of a plugin of the cloud's SDK; never created.
class PluginEvent {
  /// Creates a value.
  PluginEvent({
    required this.type,
    required this.detail,
    required this.pluginName,
  });

  /// The kind of the event.
  String type;

  /// The content of the event.
  Map<String, dynamic> detail;

  /// The name of the plugin.
  String pluginName;

  /// Returns the value as a map.
  Map<String, dynamic> toJson() => {
        'type': type,
        'detail': detail,
        'pluginName': pluginName,
      };
}
