/// The listeners of the cloud's Flutter plugin. Callbacks about things that
/// Lamplight does not have can be handed in and are never called; COMPAT.md
/// lists them.
library;

import 'types.dart';

void _nothing() {}
void _ignore(Object? one) {}
void _ignoreTwo(Object? one, Object? other) {}
void _ignoreThree(Object? one, Object? other, Object? third) {}

/// The listener to the connection, the session and statuses.
class V2TimSDKListener {
  /// Creates a listener.
  V2TimSDKListener({
    this.onConnectFailed = _ignoreTwo,
    this.onConnectSuccess = _nothing,
    this.onConnecting = _nothing,
    this.onKickedOffline = _nothing,
    this.onSelfInfoUpdated = _ignore,
    this.onUserSigExpired = _nothing,
    this.onUserStatusChanged = _ignore,
    this.onLog = _ignoreTwo,
    this.onUserInfoChanged = _ignore,
    this.onAllReceiveMessageOptChanged = _ignore,
    this.onExperimentalNotify = _ignoreTwo,
    this.onUIKitEventEmited = _ignore,
    this.onPluginEventEmited = _ignore,
  });

  /// Told when an attempt to connect begins.
  void Function() onConnecting;

  /// Told when the client is connected and logged in.
  void Function() onConnectSuccess;

  /// Told when an attempt to connect failed, or the link broke.
  void Function(int code, String error) onConnectFailed;

  /// Told when this device was logged out by another login or an operator.
  void Function() onKickedOffline;

  /// Told when the UserSig has expired.
  void Function() onUserSigExpired;

  /// Told when the own profile has changed.
  void Function(V2TimUserFullInfo info) onSelfInfoUpdated;

  /// Told when statuses have changed.
  void Function(List<V2TimUserStatus> userStatusList) onUserStatusChanged;

  /// Told when profiles of friends have changed.
  void Function(List<V2TimUserFullInfo> userInfoList) onUserInfoChanged;

  /// Never called.
  void Function(int logLevel, String logContent) onLog;

  /// Never called.
  void Function(Never info) onAllReceiveMessageOptChanged;

  /// Never called.
  void Function(String key, dynamic param) onExperimentalNotify;

  /// Never called.
  void Function(Never event) onUIKitEventEmited;

  /// Never called.
  void Function(Never event) onPluginEventEmited;
}

/// The listener to the conversation list.
class V2TimConversationListener {
  /// Creates a listener.
  V2TimConversationListener({
    this.onSyncServerStart = _nothing,
    this.onSyncServerFinish = _nothing,
    this.onSyncServerFailed = _nothing,
    this.onNewConversation = _ignore,
    this.onConversationChanged = _ignore,
    this.onTotalUnreadMessageCountChanged = _ignore,
    this.onConversationGroupCreated = _ignoreTwo,
    this.onConversationGroupDeleted = _ignore,
    this.onConversationGroupNameChanged = _ignoreTwo,
    this.onConversationsAddedToGroup = _ignoreTwo,
    this.onConversationsDeletedFromGroup = _ignoreTwo,
    this.onConversationDeleted = _ignore,
    this.onUnreadMessageCountChangedByFilter = _ignoreTwo,
  });

  /// Told when the list begins to be read.
  void Function() onSyncServerStart;

  /// Told when the list was read to its end.
  void Function() onSyncServerFinish;

  /// Told when the list could not be read.
  void Function() onSyncServerFailed;

  /// Told when there are new conversations.
  void Function(List<V2TimConversation> conversationList) onNewConversation;

  /// Told when conversations have changed.
  void Function(List<V2TimConversation> conversationList)
      onConversationChanged;

  /// Told when the number of unread messages has changed.
  void Function(int totalUnreadCount) onTotalUnreadMessageCountChanged;

  /// Told when conversations are gone.
  void Function(List<String> conversationIDList) onConversationDeleted;

  /// Never called.
  void Function(String groupName, List<V2TimConversation> conversationList)
      onConversationGroupCreated;

  /// Never called.
  void Function(String groupName) onConversationGroupDeleted;

  /// Never called.
  void Function(String oldName, String newName) onConversationGroupNameChanged;

  /// Never called.
  void Function(String groupName, List<V2TimConversation> conversationList)
      onConversationsAddedToGroup;

  /// Never called.
  void Function(String groupName, List<V2TimConversation> conversationList)
      onConversationsDeletedFromGroup;

  /// Never called.
  void Function(Never filter, int totalUnreadCount)
      onUnreadMessageCountChangedByFilter;
}

/// The listener to the friend list.
class V2TimFriendshipListener {
  /// Creates a listener.
  V2TimFriendshipListener({
    this.onFriendApplicationListAdded = _ignore,
    this.onFriendApplicationListDeleted = _ignore,
    this.onFriendApplicationListRead = _nothing,
    this.onFriendListAdded = _ignore,
    this.onFriendListDeleted = _ignore,
    this.onBlackListAdd = _ignore,
    this.onBlackListDeleted = _ignore,
    this.onFriendInfoChanged = _ignore,
    this.onOfficialAccountSubscribed = _ignore,
    this.onOfficialAccountUnsubscribed = _ignore,
    this.onOfficialAccountDeleted = _ignore,
    this.onOfficialAccountInfoChanged = _ignore,
    this.onMyFollowingListChanged = _ignoreTwo,
    this.onMyFollowersListChanged = _ignoreTwo,
    this.onMutualFollowersListChanged = _ignoreTwo,
  });

  /// Told when there are new friends.
  void Function(List<V2TimFriendInfo> users) onFriendListAdded;

  /// Told when friends are gone.
  void Function(List<String> userList) onFriendListDeleted;

  /// Told when friends have another profile or remark.
  void Function(List<V2TimFriendInfo> infoList) onFriendInfoChanged;

  /// Never called.
  void Function(Never applicationList) onFriendApplicationListAdded;

  /// Never called.
  void Function(List<String> userIDList) onFriendApplicationListDeleted;

  /// Never called.
  void Function() onFriendApplicationListRead;

  /// Never called.
  void Function(List<V2TimFriendInfo> infoList) onBlackListAdd;

  /// Never called.
  void Function(List<String> userList) onBlackListDeleted;

  /// Never called.
  void Function(Never account) onOfficialAccountSubscribed;

  /// Never called.
  void Function(String officialAccountID) onOfficialAccountUnsubscribed;

  /// Never called.
  void Function(String officialAccountID) onOfficialAccountDeleted;

  /// Never called.
  void Function(Never account) onOfficialAccountInfoChanged;

  /// Never called.
  void Function(List<V2TimUserFullInfo> userInfoList, bool isAdd)
      onMyFollowingListChanged;

  /// Never called.
  void Function(List<V2TimUserFullInfo> userInfoList, bool isAdd)
      onMyFollowersListChanged;

  /// Never called.
  void Function(List<V2TimUserFullInfo> userInfoList, bool isAdd)
      onMutualFollowersListChanged;
}

/// The listener to messages.
class V2TimAdvancedMsgListener {
  /// Creates a listener.
  V2TimAdvancedMsgListener({
    this.onRecvC2CReadReceipt = _ignore,
    this.onRecvMessageRevoked = _ignore,
    this.onRecvNewMessage = _ignore,
    this.onSendMessageProgress = _ignoreTwo,
    this.onRecvMessageModified = _ignore,
    this.onRecvMessageReadReceipts = _ignore,
    this.onRecvMessageExtensionsChanged = _ignoreTwo,
    this.onRecvMessageExtensionsDeleted = _ignoreTwo,
    this.onMessageDownloadProgressCallback = _ignore,
    this.onRecvMessageReactionsChanged = _ignore,
    this.onRecvMessageRevokedWithInfo = _ignoreThree,
    this.onGroupMessagePinned = _ignoreFour,
  });

  /// Told of messages that came, and of own ones from other devices.
  void Function(V2TimMessage msg) onRecvNewMessage;

  /// Told of an own message that was stored after `sendMessage` had failed.
  void Function(V2TimMessage msg) onRecvMessageModified;

  /// Never called.
  void Function(V2TimMessage message, int progress) onSendMessageProgress;

  /// Never called.
  void Function(Never receiptList) onRecvC2CReadReceipt;

  /// Never called.
  void Function(String msgID) onRecvMessageRevoked;

  /// Never called.
  void Function(Never receiptList) onRecvMessageReadReceipts;

  /// Never called.
  void Function(String msgID, Never extensions) onRecvMessageExtensionsChanged;

  /// Never called.
  void Function(String msgID, List<String> extensionKeys)
      onRecvMessageExtensionsDeleted;

  /// Never called.
  void Function(Never progress) onMessageDownloadProgressCallback;

  /// Never called.
  void Function(Never changeInfos) onRecvMessageReactionsChanged;

  /// Never called.
  void Function(String msgID, V2TimUserFullInfo operateUser, String reason)
      onRecvMessageRevokedWithInfo;

  /// Never called.
  void Function(String groupID, V2TimMessage message, bool isPinned, Never by)
      onGroupMessagePinned;
}

void _ignoreFour(Object? one, Object? other, Object? third, Object? fourth) {}
