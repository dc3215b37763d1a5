/// The numbers and enumerations of the cloud's Flutter plugin.
library;

// The names are those of the plugin.
// ignore_for_file: constant_identifier_names

/// The types of a status, as `V2TimUserStatus.statusType` has them.
abstract final class UserStatusType {
  /// The status is not known.
  static const int V2TIM_USER_STATUS_UNKNOWN = 0;

  /// The user has a connection.
  static const int V2TIM_USER_STATUS_ONLINE = 1;

  /// The user has a login without a connection.
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

/// The log level. Lamplight writes no logs; the values exist so that programs
/// compile.
enum LogLevelEnum {
  /// No logs.
  V2TIM_LOG_NONE,

  /// Unused; reserves the index of the cloud's value.
  V2TIM_NULL,

  /// All logs.
  V2TIM_LOG_ALL,

  /// Logs from debug on.
  V2TIM_LOG_DEBUG,

  /// Logs from info on.
  V2TIM_LOG_INFO,

  /// Logs from warnings on.
  V2TIM_LOG_WARN,

  /// Errors only.
  V2TIM_LOG_ERROR,
}

/// The sides of a friendship that a call is about.
enum FriendTypeEnum {
  /// Unused; reserves the index of the cloud's value.
  V2TIM_NUll,

  /// The own list only.
  V2TIM_FRIEND_TYPE_SINGLE,

  /// Both lists.
  V2TIM_FRIEND_TYPE_BOTH,
}

/// The relations that `checkFriend` returns.
abstract final class FriendRelationType {
  /// Neither has the other.
  static const int V2TIM_FRIEND_RELATION_TYPE_NONE = 0;

  /// Only the own list has the other user.
  static const int V2TIM_FRIEND_RELATION_TYPE_IN_MY_FRIEND_LIST = 1;

  /// Only the other user's list has the own user.
  static const int V2TIM_FRIEND_RELATION_TYPE_IN_OTHER_FRIEND_LIST = 2;

  /// Both lists.
  static const int V2TIM_FRIEND_RELATION_TYPE_BOTH_WAY = 3;
}

/// Whether others may add a user.
abstract final class AllowType {
  /// Anybody may add the user.
  static const int V2TIM_FRIEND_ALLOW_ANY = 0;

  /// Others may add the user after a confirmation, which Lamplight does not
  /// have.
  static const int V2TIM_FRIEND_NEED_CONFIRM = 1;

  /// Nobody may add the user.
  static const int V2TIM_FRIEND_DENY_ANY = 2;
}

/// The messages that `getHistoryMessageList` reads. Lamplight keeps no copy on
/// the device, so local messages are read from the server too.
enum HistoryMsgGetTypeEnum {
  /// Unused; reserves the index of the cloud's value.
  V2TIM_NULL,

  /// Older messages from the server.
  V2TIM_GET_CLOUD_OLDER_MSG,

  /// Newer messages from the server; not supported.
  V2TIM_GET_CLOUD_NEWER_MSG,

  /// Older messages.
  V2TIM_GET_LOCAL_OLDER_MSG,

  /// Newer messages; not supported.
  V2TIM_GET_LOCAL_NEWER_MSG,
}

/// The types of conversations.
abstract final class ConversationType {
  /// None.
  static const int V2TIM_CONVERSATION_TYPE_INVALID = 0;

  /// A conversation of two people.
  static const int V2TIM_C2C = 1;

  /// A group, which Lamplight does not have.
  static const int V2TIM_GROUP = 2;
}

/// The kinds of messages.
abstract final class MessageElemType {
  /// None.
  static const int V2TIM_ELEM_TYPE_NONE = 0;

  /// A text.
  static const int V2TIM_ELEM_TYPE_TEXT = 1;

  /// Custom content.
  static const int V2TIM_ELEM_TYPE_CUSTOM = 2;

  /// A picture; never used.
  static const int V2TIM_ELEM_TYPE_IMAGE = 3;

  /// A sound; never used.
  static const int V2TIM_ELEM_TYPE_SOUND = 4;

  /// A video; never used.
  static const int V2TIM_ELEM_TYPE_VIDEO = 5;

  /// A file; never used.
  static const int V2TIM_ELEM_TYPE_FILE = 6;

  /// A location; never used.
  static const int V2TIM_ELEM_TYPE_LOCATION = 7;

  /// A face; never used.
  static const int V2TIM_ELEM_TYPE_FACE = 8;

  /// A notice of a group; never used.
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

  /// The message was taken back; never used.
  static const int V2TIM_MSG_STATUS_LOCAL_REVOKED = 6;
}

/// The priority of a message in a group. Lamplight has none.
enum MessagePriorityEnum {
  /// The default.
  V2TIM_PRIORITY_DEFAULT,

  /// High.
  V2TIM_PRIORITY_HIGH,

  /// Normal.
  V2TIM_PRIORITY_NORMAL,

  /// Low.
  V2TIM_PRIORITY_LOW,
}

/// The setting for how messages of a user are received. Lamplight does not have
/// it: calls with it answer "not supported".
enum ReceiveMsgOptEnum {
  /// Received, and pushed when the own user is offline.
  V2TIM_RECEIVE_MESSAGE,

  /// Not received.
  V2TIM_NOT_RECEIVE_MESSAGE,

  /// Received, and not pushed.
  V2TIM_RECEIVE_NOT_NOTIFY_MESSAGE,
}
