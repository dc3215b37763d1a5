/// The status of a user, and its enumerations. The numbers are those of the
/// wire contract.
library;

/// The status type of a user.
enum StatusType {
  /// A type that this SDK does not know.
  unknown(0, 'STATUS_TYPE_UNKNOWN'),

  /// The user has at least one connection.
  online(1, 'STATUS_TYPE_ONLINE'),

  /// The user has no connection, but at least one login.
  offline(2, 'STATUS_TYPE_OFFLINE'),

  /// The user has no login: the user has never logged in, or was logged out on
  /// all devices.
  unlogined(3, 'STATUS_TYPE_UNLOGINED');

  const StatusType(this.number, this.wireName);

  /// The number of the type, which is the same in all APIs.
  final int number;

  /// The name of the type in JSON.
  final String wireName;
}

/// The reason for the last change of a status.
enum StatusReason {
  /// There was no visible change since the account, or the server's record of
  /// it, was created. Usually, the account has never logged in.
  none('REASON_NONE'),

  /// A device logged in.
  login('REASON_LOGIN'),

  /// A device logged out.
  logout('REASON_LOGOUT'),

  /// The connection of a device was closed or has failed, for example because
  /// its process was killed.
  linkClosed('REASON_LINK_CLOSED'),

  /// The server received nothing from a device for the heartbeat timeout.
  timeout('REASON_TIMEOUT'),

  /// A device was logged out by another login, the server API or an operator.
  kicked('REASON_KICKED'),

  /// The token of a device expired.
  sigExpired('REASON_SIG_EXPIRED'),

  /// A device was logged out because it had no connection for too long.
  lapsed('REASON_LAPSED'),

  /// The account was deleted.
  deleted('REASON_DELETED'),

  /// The custom status was set or cleared.
  custom('REASON_CUSTOM'),

  /// The server node that had the connection was lost.
  nodeLost('REASON_NODE_LOST'),

  /// The duration of the custom status has passed, and the server cleared it.
  customExpired('REASON_CUSTOM_EXPIRED'),

  /// A reason that this SDK does not know.
  unknown('');

  const StatusReason(this.wireName);

  /// The name of the reason in JSON.
  final String wireName;
}

/// The platform that a device runs on.
enum DevicePlatform {
  /// An iPhone.
  iPhone(1, 'PLATFORM_IPHONE', 'iPhone'),

  /// An Android device.
  android(2, 'PLATFORM_ANDROID', 'Android'),

  /// An iPad.
  iPad(3, 'PLATFORM_IPAD', 'iPad'),

  /// A Windows computer.
  windows(4, 'PLATFORM_WINDOWS', 'Windows'),

  /// A Mac.
  mac(5, 'PLATFORM_MAC', 'Mac'),

  /// A Linux computer.
  linux(6, 'PLATFORM_LINUX', 'Linux'),

  /// A browser. A Web device is logged out when its connection ends.
  web(7, 'PLATFORM_WEB', 'Web');

  const DevicePlatform(this.number, this.wireName, this.label);

  /// The number of the platform in the contract.
  final int number;

  /// The name of the platform in JSON.
  final String wireName;

  /// The displayed name of the platform, as in the cloud's SDKs.
  final String label;
}

/// The status of a user, with the reason, time and platforms. It belongs to the
/// user, not to one of the user's devices.
final class UserStatus {
  /// Creates a status.
  const UserStatus({
    required this.userId,
    required this.type,
    required this.version,
    this.customStatus = '',
    this.customExpires,
    this.since,
    this.reason = StatusReason.none,
    this.lastSeen,
    this.onlineDevices = const [],
  });

  /// The user's id.
  final String userId;

  /// The status type.
  final StatusType type;

  /// The custom status, a text that the user has set; empty if there is none.
  final String customStatus;

  /// The time when the server clears the custom status (UTC); null if there is
  /// none, or if it has no end.
  final DateTime? customExpires;

  /// The version of the status, which increases with every change of this
  /// user's status. It is an unsigned 64-bit number. A Dart `int` is too small
  /// for it on some platforms.
  final BigInt version;

  /// The time when [type] last changed (UTC). Before the first change, the time
  /// of the newest login or of the creation of the account. Null if the server
  /// did not send it.
  final DateTime? since;

  /// The reason for the last change.
  final StatusReason reason;

  /// The time when the user was last connected (UTC). Null while the user is
  /// online, and for a user who was never connected.
  final DateTime? lastSeen;

  /// The platforms that were connected at this [version]. In the answer of
  /// `getUserStatus`, the platforms that are connected now.
  final List<DevicePlatform> onlineDevices;

  /// Whether the user has a connection.
  bool get isOnline => type == StatusType.online;

  @override
  bool operator ==(Object other) =>
      other is UserStatus &&
      other.userId == userId &&
      other.type == type &&
      other.customStatus == customStatus &&
      other.customExpires == customExpires &&
      other.version == version &&
      other.since == since &&
      other.reason == reason &&
      other.lastSeen == lastSeen &&
      _sameItems(other.onlineDevices, onlineDevices);

  @override
  int get hashCode => Object.hash(userId, version);

  @override
  String toString() =>
      'UserStatus($userId, ${type.name}, version $version'
      '${customStatus.isEmpty ? '' : ', "$customStatus"'})';
}

bool _sameItems<T>(List<T> one, List<T> other) {
  if (one.length != other.length) return false;
  for (var i = 0; i < one.length; i++) {
    if (one[i] != other[i]) return false;
  }
  return true;
}
