/// The answers, statuses, profiles and friends of the cloud's Flutter plugin,
/// with the fields that Lamplight has.
library;

import 'enums.dart';

/// The answer to a call.
class V2TimCallback {
  /// Creates an answer.
  V2TimCallback({required this.code, required this.desc});

  /// Creates an answer from a map.
  V2TimCallback.fromJson(Map<dynamic, dynamic> json)
      : code = json['code'] as int,
        desc = json['desc'] as String? ?? '';

  /// 0 for success; otherwise the code of the failure.
  int code;

  /// The text of the code; empty or `ok` for success.
  String desc;

  /// Returns the answer as a map.
  Map<String, dynamic> toJson() => {'code': code, 'desc': desc};

  /// Returns the answer as a line of a log.
  String toLogString() => 'code:$code|desc:$desc';
}

/// The answer to a call that has a value. Unlike in the plugin, it is also a
/// [V2TimCallback]. Any call can therefore return a refusal of this type.
class V2TimValueCallback<T> extends V2TimCallback {
  /// Creates an answer.
  V2TimValueCallback({required super.code, required super.desc, this.data});

  /// The value; null unless [code] is 0.
  T? data;

  @override
  Map<String, dynamic> toJson() => {...super.toJson(), 'data': data};
}

/// The status of a user.
class V2TimUserStatus {
  /// Creates a status.
  V2TimUserStatus({
    this.userID,
    this.statusType,
    this.customStatus,
    this.onlineDevices,
  });

  /// Creates a status from a map with the names of this class or of the native
  /// SDK.
  V2TimUserStatus.fromJson(Map<dynamic, dynamic> json)
      : userID = (json['userID'] ?? json['user_status_identifier'] ?? '')
            as String,
        statusType =
            (json['statusType'] ?? json['user_status_status_type']) as int?,
        customStatus = (json['customStatus'] ??
            json['user_status_custom_status']) as String?,
        onlineDevices = List<String>.from(
          (json['onlineDevices'] ??
              json['user_status_online_devices'] ??
              const <String>[]) as Iterable<dynamic>,
        );

  /// The user's id.
  String? userID;

  /// A constant of [UserStatusType].
  int? statusType;

  /// The custom status; empty if there is none.
  String? customStatus;

  /// The platforms that are connected, such as `iPhone` and `Web`.
  List<String>? onlineDevices;

  /// Returns the status as a map.
  Map<String, dynamic> toJson() => {
        'userID': userID,
        'statusType': statusType,
        'customStatus': customStatus,
        'onlineDevices': onlineDevices,
      };

  /// Returns the status as a line of a log.
  String toLogString() => 'userID:$userID|statusType:$statusType'
      '|customStatus:$customStatus|onlineDevices:$onlineDevices';
}

/// The profile of a user.
class V2TimUserFullInfo {
  /// Creates a profile.
  V2TimUserFullInfo({
    this.userID,
    this.nickName,
    this.faceUrl,
    this.selfSignature,
    this.gender,
    this.allowType,
    this.customInfo,
    this.role,
    this.level,
    this.birthday,
  });

  /// Creates a profile from a map that [toJson] has returned.
  V2TimUserFullInfo.fromJson(Map<dynamic, dynamic> json)
      : userID = json['userID'] as String?,
        nickName = json['nickName'] as String?,
        faceUrl = json['faceUrl'] as String?,
        selfSignature = json['selfSignature'] as String?,
        gender = json['gender'] as int?,
        allowType = json['allowType'] as int?,
        customInfo = _texts(json['customInfo']),
        role = json['role'] as int?,
        level = json['level'] as int?,
        birthday = json['birthday'] as int?;

  /// The user's id.
  String? userID;

  /// The nick.
  String? nickName;

  /// The address of the picture.
  String? faceUrl;

  /// Never set. `setSelfInfo` refuses this field and all fields below, except
  /// [allowType].
  String? selfSignature;

  /// Never set.
  int? gender;

  /// A constant of [AllowType].
  int? allowType;

  /// Never set.
  Map<String, String>? customInfo;

  /// Never set.
  int? role;

  /// Never set.
  int? level;

  /// Never set.
  int? birthday;

  /// Returns the profile as a map.
  Map<String, dynamic> toJson() => {
        'userID': userID,
        'nickName': nickName,
        'faceUrl': faceUrl,
        'selfSignature': selfSignature,
        'gender': gender,
        'allowType': allowType,
        'customInfo': customInfo,
        'role': role,
        'level': level,
        'birthday': birthday,
      };
}

/// An entry of the friend list.
class V2TimFriendInfo {
  /// Creates an entry.
  V2TimFriendInfo({
    required this.userID,
    this.friendRemark,
    this.friendGroups,
    this.friendCustomInfo,
    this.userProfile,
  });

  /// Creates an entry from a map that [toJson] has returned.
  V2TimFriendInfo.fromJson(Map<dynamic, dynamic> json)
      : userID = json['userID'] as String? ?? '',
        friendRemark = json['friendRemark'] as String?,
        friendGroups = (json['friendGroups'] as List?)?.cast<String>(),
        friendCustomInfo = _texts(json['friendCustomInfo']),
        userProfile = switch (json['userProfile']) {
          final Map<dynamic, dynamic> profile =>
            V2TimUserFullInfo.fromJson(profile),
          _ => null,
        };

  /// The friend's id.
  String userID;

  /// The user's remark on the friend.
  String? friendRemark;

  /// Empty or null, because Lamplight has no groups of friends.
  List<String>? friendGroups;

  /// Never set.
  Map<String, String>? friendCustomInfo;

  /// The friend's profile.
  V2TimUserFullInfo? userProfile;

  /// Returns the entry as a map.
  Map<String, dynamic> toJson() => {
        'userID': userID,
        'friendRemark': friendRemark,
        'friendGroups': friendGroups,
        'friendCustomInfo': friendCustomInfo,
        'userProfile': userProfile?.toJson(),
      };
}

/// The answer of `getFriendsInfo` for one user.
class V2TimFriendInfoResult {
  /// Creates a result.
  V2TimFriendInfoResult({
    required this.resultCode,
    this.resultInfo,
    this.relation,
    this.friendInfo,
  });

  /// 0 for success; otherwise the code of the failure.
  int resultCode;

  /// The text of the code.
  String? resultInfo;

  /// A constant of [FriendRelationType].
  int? relation;

  /// The entry. For a user who is not a friend, it has only the userID and the
  /// profile. The profile is null if it could not be read.
  V2TimFriendInfo? friendInfo;

  /// Returns the result as a map.
  Map<String, dynamic> toJson() => {
        'resultCode': resultCode,
        'resultInfo': resultInfo,
        'relation': relation,
        'friendInfo': friendInfo?.toJson(),
      };
}

/// The answer of a call that changes the friend list, for one user.
class V2TimFriendOperationResult {
  /// Creates a result.
  V2TimFriendOperationResult({
    required this.userID,
    this.resultCode,
    this.resultInfo,
  });

  /// The user's id.
  String? userID;

  /// 0 for success; otherwise the code of the failure.
  int? resultCode;

  /// The text of the code.
  String? resultInfo;

  /// Returns the result as a map.
  Map<String, dynamic> toJson() => {
        'userID': userID,
        'resultCode': resultCode,
        'resultInfo': resultInfo,
      };
}

/// The relation to a user.
class V2TimFriendCheckResult {
  /// Creates a result.
  V2TimFriendCheckResult({
    required this.userID,
    required this.resultCode,
    this.resultInfo,
    required this.resultType,
  });

  /// The user's id.
  String userID;

  /// The result code; always 0.
  int resultCode;

  /// The text of the code.
  String? resultInfo;

  /// A constant of [FriendRelationType].
  int resultType;

  /// Returns the result as a map.
  Map<String, dynamic> toJson() => {
        'userID': userID,
        'resultCode': resultCode,
        'resultInfo': resultInfo,
        'resultType': resultType,
      };
}

Map<String, String>? _texts(Object? json) =>
    json is Map ? Map<String, String>.from(json) : null;
