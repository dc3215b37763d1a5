/// The callback types of the plugin's listeners, with the plugin's names. The
/// plugin's `VoidCallback` is missing, because Flutter already has a type of
/// that name.
library;

import 'absent_types.dart';
import 'message_types.dart';
import 'types.dart';

// The callbacks of the listener to the connection, the session and statuses.

/// The type of `onConnectFailed`.
typedef ErrorCallback = void Function(int code, String error);

/// The type of `onSelfInfoUpdated`.
typedef V2TimUserFullInfoCallback = void Function(V2TimUserFullInfo info);

/// The type of `onUserStatusChanged`.
typedef OnUserStatusChanged =
    void Function(List<V2TimUserStatus> userStatusList);

/// The type of `onLog`.
typedef OnLog = void Function(int logLevel, String logContent);

/// The type of `onUserInfoChanged`.
typedef OnUserInfoChanged = void Function(List<V2TimUserFullInfo> userInfoList);

/// The type of `onAllReceiveMessageOptChanged`.
typedef OnAllReceiveMessageOptChanged =
    void Function(V2TimReceiveMessageOptInfo info);

/// The type of `onExperimentalNotify`.
typedef OnExperimentalNotify = void Function(String key, dynamic param);

/// The type of `onUIKitEventEmited`.
typedef OnUIKitEventEmited = void Function(UIKitEvent event);

/// The type of `onPluginEventEmited`.
typedef OnPluginEventEmited = void Function(PluginEvent event);

// The callbacks of the listener to the conversation list.

/// The type of `onNewConversation`.
typedef OnNewConversation =
    void Function(List<V2TimConversation> conversationList);

/// The type of `onConversationChanged`.
typedef OnConversationChangedCallback =
    void Function(List<V2TimConversation> conversationList);

/// The type of `onTotalUnreadMessageCountChanged`.
typedef OnTotalUnreadMessageCountChanged = void Function(int totalUnreadCount);

/// The type of `onConversationGroupCreated`.
typedef OnConversationGroupCreated =
    void Function(String groupName, List<V2TimConversation> conversationList);

/// The type of `onConversationGroupDeleted`.
typedef OnConversationGroupDeleted = void Function(String groupName);

/// The type of `onConversationGroupNameChanged`.
typedef OnConversationGroupNameChanged =
    void Function(String oldName, String newName);

/// The type of `onConversationsAddedToGroup`.
typedef OnConversationsAddedToGroup =
    void Function(String groupName, List<V2TimConversation> conversationList);

/// The type of `onConversationsDeletedFromGroup`.
typedef OnConversationsDeletedFromGroup =
    void Function(String groupName, List<V2TimConversation> conversationList);

/// The type of `onConversationDeleted`.
typedef OnConversationDeleted = void Function(List<String> conversationIDList);

/// The type of `onUnreadMessageCountChangedByFilter`.
typedef OnUnreadMessageCountChangedByFilter =
    void Function(V2TimConversationFilter filter, int totalUnreadCount);

// The callbacks of the listener to the friend list.

/// The type of `onFriendApplicationListAdded`.
typedef OnFriendApplicationListAddedCallback =
    void Function(List<V2TimFriendApplication> applicationList);

/// The type of `onFriendApplicationListDeleted`.
typedef OnFriendApplicationListDeletedCallback =
    void Function(List<String> userIDList);

/// The type of `onFriendApplicationListRead`.
typedef OnFriendApplicationListReadCallback = void Function();

/// The type of `onFriendListAdded`.
typedef OnFriendListAddedCallback = void Function(List<V2TimFriendInfo> users);

/// The type of `onFriendListDeleted`.
typedef OnFriendListDeletedCallback = void Function(List<String> userList);

/// The type of `onBlackListAdd`.
typedef OnBlackListAddCallback = void Function(List<V2TimFriendInfo> infoList);

/// The type of `onBlackListDeleted`.
typedef OnBlackListDeletedCallback = void Function(List<String> userList);

/// The type of `onFriendInfoChanged`.
typedef OnFriendInfoChangedCallback =
    void Function(List<V2TimFriendInfo> infoList);

/// The type of `onOfficialAccountSubscribed`.
typedef OnOfficialAccountSubscribed =
    void Function(V2TimOfficialAccountInfo account);

/// The type of `onOfficialAccountUnsubscribed`.
typedef OnOfficialAccountUnsubscribed = void Function(String officialAccountID);

/// The type of `onOfficialAccountDeleted`.
typedef OnOfficialAccountDeleted = void Function(String officialAccountID);

/// The type of `onOfficialAccountInfoChanged`.
typedef OnOfficialAccountInfoChanged =
    void Function(V2TimOfficialAccountInfo account);

/// The type of `onMyFollowingListChanged`.
typedef OnMyFollowingListChanged =
    void Function(List<V2TimUserFullInfo> userInfoList, bool isAdd);

/// The type of `onMyFollowersListChanged`.
typedef OnMyFollowersListChanged =
    void Function(List<V2TimUserFullInfo> userInfoList, bool isAdd);

/// The type of `onMutualFollowersListChanged`.
typedef OnMutualFollowersListChanged =
    void Function(List<V2TimUserFullInfo> userInfoList, bool isAdd);

// The callbacks of the listener to messages.

/// The type of `onRecvC2CReadReceipt`.
typedef OnRecvC2CReadReceiptCallback =
    void Function(List<V2TimMessageReceipt> receiptList);

/// The type of `onRecvMessageRevoked`.
typedef OnRecvMessageRevokedCallback = void Function(String msgID);

/// The type of `onRecvNewMessage`.
typedef OnRecvNewMessageCallback = void Function(V2TimMessage msg);

/// The type of `onSendMessageProgress`.
typedef OnSendMessageProgressCallback =
    void Function(V2TimMessage message, int progress);

/// The type of `onRecvMessageModified`.
typedef OnRecvMessageModified = void Function(V2TimMessage msg);

/// The type of `onRecvMessageReadReceipts`.
typedef OnRecvMessageReadReceipts =
    void Function(List<V2TimMessageReceipt> receiptList);

/// The type of `onRecvMessageExtensionsChanged`.
typedef OnRecvMessageExtensionsChanged =
    void Function(String msgID, List<V2TimMessageExtension> extensions);

/// The type of `onRecvMessageExtensionsDeleted`.
typedef OnRecvMessageExtensionsDeleted =
    void Function(String msgID, List<String> extensionKeys);

/// The type of `onMessageDownloadProgressCallback`.
typedef OnMessageDownloadProgressCallback =
    void Function(V2TimMessageDownloadProgress progress);

/// The type of `onRecvMessageReactionsChanged`.
typedef OnRecvMessageReactionsChanged =
    void Function(List<V2TIMMessageReactionChangeInfo> changeInfos);

/// The type of `onRecvMessageRevokedWithInfo`.
typedef OnRecvMessageRevokedWithInfo =
    void Function(String msgID, V2TimUserFullInfo operateUser, String reason);

/// The type of `onGroupMessagePinned`.
typedef OnGroupMessagePinned = void Function(
  String groupID,
  V2TimMessage message,
  bool isPinned,
  V2TimGroupMemberInfo opUser,
);
