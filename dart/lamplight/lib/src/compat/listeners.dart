/// The listeners of the cloud's Flutter plugin. A callback that is null is one
/// that does nothing, as in the plugin. Callbacks about things that
/// Lamplight does not have can be handed in and are never called; COMPAT.md
/// lists them.
library;

import 'absent_types.dart';
import 'message_types.dart';
import 'types.dart';

void _nothing() {}
void _ignore(Object? one) {}
void _ignoreTwo(Object? one, Object? other) {}
void _ignoreThree(Object? one, Object? other, Object? third) {}

/// The listener to the connection, the session and statuses.
class V2TimSDKListener {
  /// Creates a listener.
  V2TimSDKListener({
    void Function(int code, String error)? onConnectFailed,
    void Function()? onConnectSuccess,
    void Function()? onConnecting,
    void Function()? onKickedOffline,
    void Function(V2TimUserFullInfo info)? onSelfInfoUpdated,
    void Function()? onUserSigExpired,
    void Function(List<V2TimUserStatus> userStatusList)? onUserStatusChanged,
    void Function(int logLevel, String logContent)? onLog,
    void Function(List<V2TimUserFullInfo> userInfoList)? onUserInfoChanged,
    void Function(V2TimReceiveMessageOptInfo info)?
        onAllReceiveMessageOptChanged,
    void Function(String key, dynamic param)? onExperimentalNotify,
    void Function(UIKitEvent event)? onUIKitEventEmited,
    void Function(PluginEvent event)? onPluginEventEmited,
  })  : onConnectFailed = onConnectFailed ?? _ignoreTwo,
        onConnectSuccess = onConnectSuccess ?? _nothing,
        onConnecting = onConnecting ?? _nothing,
        onKickedOffline = onKickedOffline ?? _nothing,
        onSelfInfoUpdated = onSelfInfoUpdated ?? _ignore,
        onUserSigExpired = onUserSigExpired ?? _nothing,
        onUserStatusChanged = onUserStatusChanged ?? _ignore,
        onLog = onLog ?? _ignoreTwo,
        onUserInfoChanged = onUserInfoChanged ?? _ignore,
        onAllReceiveMessageOptChanged =
            onAllReceiveMessageOptChanged ?? _ignore,
        onExperimentalNotify = onExperimentalNotify ?? _ignoreTwo,
        onUIKitEventEmited = onUIKitEventEmited ?? _ignore,
        onPluginEventEmited = onPluginEventEmited ?? _ignore;

  /// Told when an attempt to connect begins.
  void Function() onConnecting;

  /// Told when the client is connected and logged in.
  void Function() onConnectSuccess;

  /// Told when an attempt to connect failed, or the link broke; for an
  /// attempt of `login`, before its answer. A UserSig that `login` refuses is
  /// its answer, and not told.
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
  void Function(V2TimReceiveMessageOptInfo info) onAllReceiveMessageOptChanged;

  /// Never called.
  void Function(String key, dynamic param) onExperimentalNotify;

  /// Never called.
  void Function(UIKitEvent event) onUIKitEventEmited;

  /// Never called.
  void Function(PluginEvent event) onPluginEventEmited;
}

/// The listener to the conversation list.
class V2TimConversationListener {
  /// Creates a listener.
  V2TimConversationListener({
    void Function()? onSyncServerStart,
    void Function()? onSyncServerFinish,
    void Function()? onSyncServerFailed,
    void Function(List<V2TimConversation> conversationList)? onNewConversation,
    void Function(List<V2TimConversation> conversationList)?
        onConversationChanged,
    void Function(int totalUnreadCount)? onTotalUnreadMessageCountChanged,
    void Function(String groupName, List<V2TimConversation> conversationList)?
        onConversationGroupCreated,
    void Function(String groupName)? onConversationGroupDeleted,
    void Function(String oldName, String newName)?
        onConversationGroupNameChanged,
    void Function(String groupName, List<V2TimConversation> conversationList)?
        onConversationsAddedToGroup,
    void Function(String groupName, List<V2TimConversation> conversationList)?
        onConversationsDeletedFromGroup,
    void Function(List<String> conversationIDList)? onConversationDeleted,
    void Function(V2TimConversationFilter filter, int totalUnreadCount)?
        onUnreadMessageCountChangedByFilter,
  })  : onSyncServerStart = onSyncServerStart ?? _nothing,
        onSyncServerFinish = onSyncServerFinish ?? _nothing,
        onSyncServerFailed = onSyncServerFailed ?? _nothing,
        onNewConversation = onNewConversation ?? _ignore,
        onConversationChanged = onConversationChanged ?? _ignore,
        onTotalUnreadMessageCountChanged =
            onTotalUnreadMessageCountChanged ?? _ignore,
        onConversationGroupCreated = onConversationGroupCreated ?? _ignoreTwo,
        onConversationGroupDeleted = onConversationGroupDeleted ?? _ignore,
        onConversationGroupNameChanged =
            onConversationGroupNameChanged ?? _ignoreTwo,
        onConversationsAddedToGroup = onConversationsAddedToGroup ?? _ignoreTwo,
        onConversationsDeletedFromGroup =
            onConversationsDeletedFromGroup ?? _ignoreTwo,
        onConversationDeleted = onConversationDeleted ?? _ignore,
        onUnreadMessageCountChangedByFilter =
            onUnreadMessageCountChangedByFilter ?? _ignoreTwo;

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
  void Function(V2TimConversationFilter filter, int totalUnreadCount)
      onUnreadMessageCountChangedByFilter;
}

/// The listener to the friend list.
class V2TimFriendshipListener {
  /// Creates a listener.
  V2TimFriendshipListener({
    void Function(List<V2TimFriendApplication> applicationList)?
        onFriendApplicationListAdded,
    void Function(List<String> userIDList)? onFriendApplicationListDeleted,
    void Function()? onFriendApplicationListRead,
    void Function(List<V2TimFriendInfo> users)? onFriendListAdded,
    void Function(List<String> userList)? onFriendListDeleted,
    void Function(List<V2TimFriendInfo> infoList)? onBlackListAdd,
    void Function(List<String> userList)? onBlackListDeleted,
    void Function(List<V2TimFriendInfo> infoList)? onFriendInfoChanged,
    void Function(V2TimOfficialAccountInfo account)?
        onOfficialAccountSubscribed,
    void Function(String officialAccountID)? onOfficialAccountUnsubscribed,
    void Function(String officialAccountID)? onOfficialAccountDeleted,
    void Function(V2TimOfficialAccountInfo account)?
        onOfficialAccountInfoChanged,
    void Function(List<V2TimUserFullInfo> userInfoList, bool isAdd)?
        onMyFollowingListChanged,
    void Function(List<V2TimUserFullInfo> userInfoList, bool isAdd)?
        onMyFollowersListChanged,
    void Function(List<V2TimUserFullInfo> userInfoList, bool isAdd)?
        onMutualFollowersListChanged,
  })  : onFriendApplicationListAdded = onFriendApplicationListAdded ?? _ignore,
        onFriendApplicationListDeleted =
            onFriendApplicationListDeleted ?? _ignore,
        onFriendApplicationListRead = onFriendApplicationListRead ?? _nothing,
        onFriendListAdded = onFriendListAdded ?? _ignore,
        onFriendListDeleted = onFriendListDeleted ?? _ignore,
        onBlackListAdd = onBlackListAdd ?? _ignore,
        onBlackListDeleted = onBlackListDeleted ?? _ignore,
        onFriendInfoChanged = onFriendInfoChanged ?? _ignore,
        onOfficialAccountSubscribed = onOfficialAccountSubscribed ?? _ignore,
        onOfficialAccountUnsubscribed =
            onOfficialAccountUnsubscribed ?? _ignore,
        onOfficialAccountDeleted = onOfficialAccountDeleted ?? _ignore,
        onOfficialAccountInfoChanged = onOfficialAccountInfoChanged ?? _ignore,
        onMyFollowingListChanged = onMyFollowingListChanged ?? _ignoreTwo,
        onMyFollowersListChanged = onMyFollowersListChanged ?? _ignoreTwo,
        onMutualFollowersListChanged =
            onMutualFollowersListChanged ?? _ignoreTwo;

  /// Told when there are new friends.
  void Function(List<V2TimFriendInfo> users) onFriendListAdded;

  /// Told when friends are gone.
  void Function(List<String> userList) onFriendListDeleted;

  /// Told when friends have another profile or remark.
  void Function(List<V2TimFriendInfo> infoList) onFriendInfoChanged;

  /// Never called.
  void Function(List<V2TimFriendApplication> applicationList)
      onFriendApplicationListAdded;

  /// Never called.
  void Function(List<String> userIDList) onFriendApplicationListDeleted;

  /// Never called.
  void Function() onFriendApplicationListRead;

  /// Never called.
  void Function(List<V2TimFriendInfo> infoList) onBlackListAdd;

  /// Never called.
  void Function(List<String> userList) onBlackListDeleted;

  /// Never called.
  void Function(V2TimOfficialAccountInfo account) onOfficialAccountSubscribed;

  /// Never called.
  void Function(String officialAccountID) onOfficialAccountUnsubscribed;

  /// Never called.
  void Function(String officialAccountID) onOfficialAccountDeleted;

  /// Never called.
  void Function(V2TimOfficialAccountInfo account) onOfficialAccountInfoChanged;

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
    void Function(List<V2TimMessageReceipt> receiptList)? onRecvC2CReadReceipt,
    void Function(String msgID)? onRecvMessageRevoked,
    void Function(V2TimMessage msg)? onRecvNewMessage,
    void Function(V2TimMessage message, int progress)? onSendMessageProgress,
    void Function(V2TimMessage msg)? onRecvMessageModified,
    void Function(List<V2TimMessageReceipt> receiptList)?
        onRecvMessageReadReceipts,
    void Function(String msgID, List<V2TimMessageExtension> extensions)?
        onRecvMessageExtensionsChanged,
    void Function(String msgID, List<String> extensionKeys)?
        onRecvMessageExtensionsDeleted,
    void Function(V2TimMessageDownloadProgress progress)?
        onMessageDownloadProgressCallback,
    void Function(List<V2TIMMessageReactionChangeInfo> changeInfos)?
        onRecvMessageReactionsChanged,
    void Function(String msgID, V2TimUserFullInfo operateUser, String reason)?
        onRecvMessageRevokedWithInfo,
    void Function(
      String groupID,
      V2TimMessage message,
      bool isPinned,
      V2TimGroupMemberInfo opUser,
    )? onGroupMessagePinned,
  })  : onRecvC2CReadReceipt = onRecvC2CReadReceipt ?? _ignore,
        onRecvMessageRevoked = onRecvMessageRevoked ?? _ignore,
        onRecvNewMessage = onRecvNewMessage ?? _ignore,
        onSendMessageProgress = onSendMessageProgress ?? _ignoreTwo,
        onRecvMessageModified = onRecvMessageModified ?? _ignore,
        onRecvMessageReadReceipts = onRecvMessageReadReceipts ?? _ignore,
        onRecvMessageExtensionsChanged =
            onRecvMessageExtensionsChanged ?? _ignoreTwo,
        onRecvMessageExtensionsDeleted =
            onRecvMessageExtensionsDeleted ?? _ignoreTwo,
        onMessageDownloadProgressCallback =
            onMessageDownloadProgressCallback ?? _ignore,
        onRecvMessageReactionsChanged =
            onRecvMessageReactionsChanged ?? _ignore,
        onRecvMessageRevokedWithInfo =
            onRecvMessageRevokedWithInfo ?? _ignoreThree,
        onGroupMessagePinned = onGroupMessagePinned ?? _ignoreFour;

  /// Told of messages that came, and of own ones from other devices.
  void Function(V2TimMessage msg) onRecvNewMessage;

  /// Told of an own message that was stored after `sendMessage` had failed.
  void Function(V2TimMessage msg) onRecvMessageModified;

  /// Never called.
  void Function(V2TimMessage message, int progress) onSendMessageProgress;

  /// Never called.
  void Function(List<V2TimMessageReceipt> receiptList) onRecvC2CReadReceipt;

  /// Never called.
  void Function(String msgID) onRecvMessageRevoked;

  /// Never called.
  void Function(List<V2TimMessageReceipt> receiptList)
      onRecvMessageReadReceipts;

  /// Never called.
  void Function(String msgID, List<V2TimMessageExtension> extensions)
      onRecvMessageExtensionsChanged;

  /// Never called.
  void Function(String msgID, List<String> extensionKeys)
      onRecvMessageExtensionsDeleted;

  /// Never called.
  void Function(V2TimMessageDownloadProgress progress)
      onMessageDownloadProgressCallback;

  /// Never called.
  void Function(List<V2TIMMessageReactionChangeInfo> changeInfos)
      onRecvMessageReactionsChanged;

  /// Never called.
  void Function(String msgID, V2TimUserFullInfo operateUser, String reason)
      onRecvMessageRevokedWithInfo;

  /// Never called.
  void Function(
    String groupID,
    V2TimMessage message,
    bool isPinned,
    V2TimGroupMemberInfo opUser,
  )
      onGroupMessagePinned;
}

void _ignoreFour(Object? one, Object? other, Object? third, Object? fourth) {}
