/// The listeners of the cloud's Flutter plugin. As in the plugin, a callback
/// that is null is ignored. Callbacks for features that Lamplight does not have
/// are accepted and never called; COMPAT.md lists them.
library;

import 'callbacks.dart';

void _nothing() {}
void _ignore(Object? one) {}
void _ignoreTwo(Object? one, Object? other) {}
void _ignoreThree(Object? one, Object? other, Object? third) {}

/// The listener to the connection, the session and statuses.
class V2TimSDKListener {
  /// Creates a listener.
  V2TimSDKListener({
    ErrorCallback? onConnectFailed,
    void Function()? onConnectSuccess,
    void Function()? onConnecting,
    void Function()? onKickedOffline,
    V2TimUserFullInfoCallback? onSelfInfoUpdated,
    void Function()? onUserSigExpired,
    OnUserStatusChanged? onUserStatusChanged,
    OnLog? onLog,
    OnUserInfoChanged? onUserInfoChanged,
    OnAllReceiveMessageOptChanged? onAllReceiveMessageOptChanged,
    OnExperimentalNotify? onExperimentalNotify,
    OnUIKitEventEmited? onUIKitEventEmited,
    OnPluginEventEmited? onPluginEventEmited,
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

  /// Called when an attempt to connect begins.
  void Function() onConnecting;

  /// Called when the client is connected and logged in.
  void Function() onConnectSuccess;

  /// Called when an attempt to connect has failed, or the link broke. If the
  /// attempt belongs to a `login`, this is called before `login` answers. A
  /// `login` that the server refuses is reported only by its answer; a refused
  /// reconnect is reported here.
  ErrorCallback onConnectFailed;

  /// Called when this device was logged out by another login, by the server API
  /// or by an operator. Also called when the account was deleted, and when the
  /// same device has connected again elsewhere.
  void Function() onKickedOffline;

  /// Called when the UserSig has expired, or the app no longer has the key with
  /// which it was signed.
  void Function() onUserSigExpired;

  /// Called when the profile of this user has changed.
  V2TimUserFullInfoCallback onSelfInfoUpdated;

  /// Called when statuses have changed.
  OnUserStatusChanged onUserStatusChanged;

  /// Called when profiles of friends have changed.
  OnUserInfoChanged onUserInfoChanged;

  /// Never called.
  OnLog onLog;

  /// Never called.
  OnAllReceiveMessageOptChanged onAllReceiveMessageOptChanged;

  /// Never called.
  OnExperimentalNotify onExperimentalNotify;

  /// Never called.
  OnUIKitEventEmited onUIKitEventEmited;

  /// Never called.
  OnPluginEventEmited onPluginEventEmited;
}

/// The listener to the conversation list.
class V2TimConversationListener {
  /// Creates a listener.
  V2TimConversationListener({
    void Function()? onSyncServerStart,
    void Function()? onSyncServerFinish,
    void Function()? onSyncServerFailed,
    OnNewConversation? onNewConversation,
    OnConversationChangedCallback? onConversationChanged,
    OnTotalUnreadMessageCountChanged? onTotalUnreadMessageCountChanged,
    OnConversationGroupCreated? onConversationGroupCreated,
    OnConversationGroupDeleted? onConversationGroupDeleted,
    OnConversationGroupNameChanged? onConversationGroupNameChanged,
    OnConversationsAddedToGroup? onConversationsAddedToGroup,
    OnConversationsDeletedFromGroup? onConversationsDeletedFromGroup,
    OnConversationDeleted? onConversationDeleted,
    OnUnreadMessageCountChangedByFilter? onUnreadMessageCountChangedByFilter,
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

  /// Called when reading the list begins.
  void Function() onSyncServerStart;

  /// Called when the list was read to its end.
  void Function() onSyncServerFinish;

  /// Called when the list could not be read.
  void Function() onSyncServerFailed;

  /// Called when there are new conversations.
  OnNewConversation onNewConversation;

  /// Called when conversations have changed.
  OnConversationChangedCallback onConversationChanged;

  /// Called when the number of unread messages has changed.
  OnTotalUnreadMessageCountChanged onTotalUnreadMessageCountChanged;

  /// Called when conversations were removed from the list.
  OnConversationDeleted onConversationDeleted;

  /// Never called.
  OnConversationGroupCreated onConversationGroupCreated;

  /// Never called.
  OnConversationGroupDeleted onConversationGroupDeleted;

  /// Never called.
  OnConversationGroupNameChanged onConversationGroupNameChanged;

  /// Never called.
  OnConversationsAddedToGroup onConversationsAddedToGroup;

  /// Never called.
  OnConversationsDeletedFromGroup onConversationsDeletedFromGroup;

  /// Never called.
  OnUnreadMessageCountChangedByFilter onUnreadMessageCountChangedByFilter;
}

/// The listener to the friend list.
class V2TimFriendshipListener {
  /// Creates a listener.
  V2TimFriendshipListener({
    OnFriendApplicationListAddedCallback? onFriendApplicationListAdded,
    OnFriendApplicationListDeletedCallback? onFriendApplicationListDeleted,
    OnFriendApplicationListReadCallback? onFriendApplicationListRead,
    OnFriendListAddedCallback? onFriendListAdded,
    OnFriendListDeletedCallback? onFriendListDeleted,
    OnBlackListAddCallback? onBlackListAdd,
    OnBlackListDeletedCallback? onBlackListDeleted,
    OnFriendInfoChangedCallback? onFriendInfoChanged,
    OnOfficialAccountSubscribed? onOfficialAccountSubscribed,
    OnOfficialAccountUnsubscribed? onOfficialAccountUnsubscribed,
    OnOfficialAccountDeleted? onOfficialAccountDeleted,
    OnOfficialAccountInfoChanged? onOfficialAccountInfoChanged,
    OnMyFollowingListChanged? onMyFollowingListChanged,
    OnMyFollowersListChanged? onMyFollowersListChanged,
    OnMutualFollowersListChanged? onMutualFollowersListChanged,
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

  /// Called when there are new friends.
  OnFriendListAddedCallback onFriendListAdded;

  /// Called when friends were removed from the list.
  OnFriendListDeletedCallback onFriendListDeleted;

  /// Called when the profiles or remarks of friends have changed.
  OnFriendInfoChangedCallback onFriendInfoChanged;

  /// Never called.
  OnFriendApplicationListAddedCallback onFriendApplicationListAdded;

  /// Never called.
  OnFriendApplicationListDeletedCallback onFriendApplicationListDeleted;

  /// Never called.
  OnFriendApplicationListReadCallback onFriendApplicationListRead;

  /// Called when users were blocked.
  OnBlackListAddCallback onBlackListAdd;

  /// Called when users were removed from the block list.
  OnBlackListDeletedCallback onBlackListDeleted;

  /// Never called.
  OnOfficialAccountSubscribed onOfficialAccountSubscribed;

  /// Never called.
  OnOfficialAccountUnsubscribed onOfficialAccountUnsubscribed;

  /// Never called.
  OnOfficialAccountDeleted onOfficialAccountDeleted;

  /// Never called.
  OnOfficialAccountInfoChanged onOfficialAccountInfoChanged;

  /// Never called.
  OnMyFollowingListChanged onMyFollowingListChanged;

  /// Never called.
  OnMyFollowersListChanged onMyFollowersListChanged;

  /// Never called.
  OnMutualFollowersListChanged onMutualFollowersListChanged;
}

/// The listener to messages.
class V2TimAdvancedMsgListener {
  /// Creates a listener.
  V2TimAdvancedMsgListener({
    OnRecvC2CReadReceiptCallback? onRecvC2CReadReceipt,
    OnRecvMessageRevokedCallback? onRecvMessageRevoked,
    OnRecvNewMessageCallback? onRecvNewMessage,
    OnSendMessageProgressCallback? onSendMessageProgress,
    OnRecvMessageModified? onRecvMessageModified,
    OnRecvMessageReadReceipts? onRecvMessageReadReceipts,
    OnRecvMessageExtensionsChanged? onRecvMessageExtensionsChanged,
    OnRecvMessageExtensionsDeleted? onRecvMessageExtensionsDeleted,
    OnMessageDownloadProgressCallback? onMessageDownloadProgressCallback,
    OnRecvMessageReactionsChanged? onRecvMessageReactionsChanged,
    OnRecvMessageRevokedWithInfo? onRecvMessageRevokedWithInfo,
    OnGroupMessagePinned? onGroupMessagePinned,
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

  /// Called with each message that was received, or sent from another device of
  /// this user.
  OnRecvNewMessageCallback onRecvNewMessage;

  /// Called with a message of this user that the server has stored although
  /// `sendMessage` failed.
  OnRecvMessageModified onRecvMessageModified;

  /// Never called.
  OnSendMessageProgressCallback onSendMessageProgress;

  /// Never called.
  OnRecvC2CReadReceiptCallback onRecvC2CReadReceipt;

  /// Never called.
  OnRecvMessageRevokedCallback onRecvMessageRevoked;

  /// Never called.
  OnRecvMessageReadReceipts onRecvMessageReadReceipts;

  /// Never called.
  OnRecvMessageExtensionsChanged onRecvMessageExtensionsChanged;

  /// Never called.
  OnRecvMessageExtensionsDeleted onRecvMessageExtensionsDeleted;

  /// Never called.
  OnMessageDownloadProgressCallback onMessageDownloadProgressCallback;

  /// Never called.
  OnRecvMessageReactionsChanged onRecvMessageReactionsChanged;

  /// Never called.
  OnRecvMessageRevokedWithInfo onRecvMessageRevokedWithInfo;

  /// Never called.
  OnGroupMessagePinned onGroupMessagePinned;
}

void _ignoreFour(Object? one, Object? other, Object? third, Object? fourth) {}
