/// The numbers and enumerations of the cloud's Flutter plugin.
library;

// The names are those of the plugin.
// ignore_for_file: constant_identifier_names

/// The status types, which are the values of `V2TimUserStatus.statusType`.
abstract final class UserStatusType {
  /// The status is unknown.
  static const int V2TIM_USER_STATUS_UNKNOWN = 0;

  /// The user has a connection.
  static const int V2TIM_USER_STATUS_ONLINE = 1;

  /// The user has a login, but no connection.
  static const int V2TIM_USER_STATUS_OFFLINE = 2;

  /// The user has no login.
  static const int V2TIM_USER_STATUS_UNLOGINED = 3;
}

/// The values of `getLoginStatus`.
abstract final class LoginStatus {
  /// A user is logged in.
  static const int V2TIM_STATUS_LOGINED = 1;

  /// A login is under way.
  static const int V2TIM_STATUS_LOGINING = 2;

  /// Nobody is logged in.
  static const int V2TIM_STATUS_LOGOUT = 3;
}

/// The log level. Lamplight writes no logs; the values let programs compile.
enum LogLevelEnum {
  /// Logs nothing.
  V2TIM_LOG_NONE,

  /// Unused. It takes the index that this value has in the plugin.
  V2TIM_NULL,

  /// Logs everything.
  V2TIM_LOG_ALL,

  /// Logs of level debug and higher.
  V2TIM_LOG_DEBUG,

  /// Logs of level info and higher.
  V2TIM_LOG_INFO,

  /// Logs of level warning and higher.
  V2TIM_LOG_WARN,

  /// Logs of errors only.
  V2TIM_LOG_ERROR,
}

/// The friend lists that a call changes or checks.
enum FriendTypeEnum {
  /// Unused. It takes the index that this value has in the plugin.
  V2TIM_NUll,

  /// The list of this user only.
  V2TIM_FRIEND_TYPE_SINGLE,

  /// The list of this user and the list of the other user.
  V2TIM_FRIEND_TYPE_BOTH,
}

/// The relations between this user and another user, as `checkFriend` returns
/// them.
abstract final class FriendRelationType {
  /// Neither user is on the other's friend list.
  static const int V2TIM_FRIEND_RELATION_TYPE_NONE = 0;

  /// The other user is on the friend list of this user, but not the reverse.
  static const int V2TIM_FRIEND_RELATION_TYPE_IN_MY_FRIEND_LIST = 1;

  /// This user is on the friend list of the other user, but not the reverse.
  static const int V2TIM_FRIEND_RELATION_TYPE_IN_OTHER_FRIEND_LIST = 2;

  /// Each user is on the other's friend list.
  static const int V2TIM_FRIEND_RELATION_TYPE_BOTH_WAY = 3;
}

/// The rules for adding a user as a friend.
abstract final class AllowType {
  /// Anybody may add the user.
  static const int V2TIM_FRIEND_ALLOW_ANY = 0;

  /// Others may add the user if the user agrees. Lamplight does not have this
  /// rule.
  static const int V2TIM_FRIEND_NEED_CONFIRM = 1;

  /// Nobody may add the user.
  static const int V2TIM_FRIEND_DENY_ANY = 2;
}

/// The messages that `getHistoryMessageList` reads. Lamplight stores no
/// messages on the device, so local messages are read from the server as well.
enum HistoryMsgGetTypeEnum {
  /// Unused. It takes the index that this value has in the plugin.
  V2TIM_NULL,

  /// Older messages from the server.
  V2TIM_GET_CLOUD_OLDER_MSG,

  /// Newer messages from the server; not supported.
  V2TIM_GET_CLOUD_NEWER_MSG,

  /// Older messages on the device; Lamplight reads them from the server.
  V2TIM_GET_LOCAL_OLDER_MSG,

  /// Newer messages from the device; not supported.
  V2TIM_GET_LOCAL_NEWER_MSG,
}

/// The types of conversations.
abstract final class ConversationType {
  /// Invalid.
  static const int V2TIM_CONVERSATION_TYPE_INVALID = 0;

  /// A one-to-one conversation.
  static const int V2TIM_C2C = 1;

  /// A group conversation; never used.
  static const int V2TIM_GROUP = 2;
}

/// The content types of a message.
abstract final class MessageElemType {
  /// No content.
  static const int V2TIM_ELEM_TYPE_NONE = 0;

  /// A text.
  static const int V2TIM_ELEM_TYPE_TEXT = 1;

  /// Custom content.
  static const int V2TIM_ELEM_TYPE_CUSTOM = 2;

  /// A picture; never used.
  static const int V2TIM_ELEM_TYPE_IMAGE = 3;

  /// An audio message; never used.
  static const int V2TIM_ELEM_TYPE_SOUND = 4;

  /// A video; never used.
  static const int V2TIM_ELEM_TYPE_VIDEO = 5;

  /// A file; never used.
  static const int V2TIM_ELEM_TYPE_FILE = 6;

  /// A location; never used.
  static const int V2TIM_ELEM_TYPE_LOCATION = 7;

  /// An emoji; never used.
  static const int V2TIM_ELEM_TYPE_FACE = 8;

  /// A group notice; never used.
  static const int V2TIM_ELEM_TYPE_GROUP_TIPS = 9;

  /// Forwarded messages; never used.
  static const int V2TIM_ELEM_TYPE_MERGER = 10;
}

/// The states of a message.
abstract final class MessageStatus {
  /// The message is being sent.
  static const int V2TIM_MSG_STATUS_SENDING = 1;

  /// The message was sent.
  static const int V2TIM_MSG_STATUS_SEND_SUCC = 2;

  /// The message could not be sent.
  static const int V2TIM_MSG_STATUS_SEND_FAIL = 3;

  /// The message was deleted; never used.
  static const int V2TIM_MSG_STATUS_HAS_DELETED = 4;

  /// The message was revoked; never used.
  static const int V2TIM_MSG_STATUS_LOCAL_REVOKED = 6;
}

/// The priority of a message in a group. Lamplight ignores it.
enum MessagePriorityEnum {
  /// The default priority.
  V2TIM_PRIORITY_DEFAULT,

  /// High priority.
  V2TIM_PRIORITY_HIGH,

  /// Normal priority.
  V2TIM_PRIORITY_NORMAL,

  /// Low priority.
  V2TIM_PRIORITY_LOW,
}

/// The rule for receiving the messages of a user. Lamplight does not have such
/// a rule: calls with it answer 7013 (not supported).
enum ReceiveMsgOptEnum {
  /// Messages are received, and pushed while this user is offline.
  V2TIM_RECEIVE_MESSAGE,

  /// Messages are not received.
  V2TIM_NOT_RECEIVE_MESSAGE,

  /// Messages are received, but not pushed.
  V2TIM_RECEIVE_NOT_NOTIFY_MESSAGE,
}
