/// The push settings of a message in the plugin.
library;

/// The push settings of a message. Lamplight ignores them: each message to a
/// user who is offline is sent to the push webhook of the app.
class OfflinePushInfo {
  /// Creates settings.
  OfflinePushInfo({
    this.title,
    this.desc,
    this.ext,
    this.disablePush,
    this.iOSSound,
    this.ignoreIOSBadge,
    this.androidOPPOChannelID,
    this.androidVIVOClassification,
    this.androidSound,
    this.androidFCMChannelID,
    this.androidXiaoMiChannelID,
    this.iOSPushType,
    this.androidHuaWeiCategory,
    this.androidVIVOCategory,
    this.androidOPPOCategory,
    this.androidOPPONotifyLevel,
    this.androidHonorImportance,
    this.androidMeizuNotifyType,
    this.androidHuaWeiImage,
    this.androidHonorImage,
    this.androidFCMImage,
    this.iOSImage,
    this.iOSInterruptionLevel,
    this.enableIOSBackgroundNotification,
    this.harmonyImage,
    this.harmonyCategory,
    this.ignoreHarmonyBadge,
  });

  /// Creates settings from a map.
  OfflinePushInfo.fromJson(Map<dynamic, dynamic> json)
      : title = json['title'] as String?,
        desc = json['desc'] as String?,
        ext = json['ext'] as String?,
        disablePush = json['disablePush'] as bool?,
        iOSSound = json['iOSSound'] as String?,
        ignoreIOSBadge = json['ignoreIOSBadge'] as bool?,
        androidOPPOChannelID = json['androidOPPOChannelID'] as String?,
        androidVIVOClassification = json['androidVIVOClassification'] as int?,
        androidSound = json['androidSound'] as String?,
        androidFCMChannelID = json['androidFCMChannelID'] as String?,
        androidXiaoMiChannelID = json['androidXiaoMiChannelID'] as String?,
        iOSPushType = json['iOSPushType'] as int?,
        androidHuaWeiCategory = json['androidHuaWeiCategory'] as String?,
        androidVIVOCategory = json['androidVIVOCategory'] as String?,
        androidOPPOCategory = json['androidOPPOCategory'] as String?,
        androidOPPONotifyLevel = json['androidOPPONotifyLevel'] as int?,
        androidHonorImportance = json['androidHonorImportance'] as String?,
        androidMeizuNotifyType = json['androidMeizuNotifyType'] as int?,
        androidHuaWeiImage = json['androidHuaWeiImage'] as String?,
        androidHonorImage = json['androidHonorImage'] as String?,
        androidFCMImage = json['androidFCMImage'] as String?,
        iOSImage = json['iOSImage'] as String?,
        iOSInterruptionLevel = json['iOSInterruptionLevel'] as String?,
        enableIOSBackgroundNotification =
            json['enableIOSBackgroundNotification'] as bool?,
        harmonyImage = json['harmonyImage'] as String?,
        harmonyCategory = json['harmonyCategory'] as String?,
        ignoreHarmonyBadge = json['ignoreHarmonyBadge'] as bool?;

  /// The title of the push notification.
  String? title;

  /// The text of the push notification.
  String? desc;

  /// Data that the application defines.
  String? ext;

  /// Whether the message must not be pushed.
  bool? disablePush;

  /// The notification sound on iPhones.
  String? iOSSound;

  /// Whether the badge stays unchanged on iPhones.
  bool? ignoreIOSBadge;

  /// The notification channel on OPPO devices.
  String? androidOPPOChannelID;

  /// The notification class on VIVO devices.
  int? androidVIVOClassification;

  /// The notification sound on Android.
  String? androidSound;

  /// The notification channel for FCM.
  String? androidFCMChannelID;

  /// The notification channel on Xiaomi devices.
  String? androidXiaoMiChannelID;

  /// The kind of push on iPhones.
  int? iOSPushType;

  /// The notification category on Huawei devices.
  String? androidHuaWeiCategory;

  /// The notification category on VIVO devices.
  String? androidVIVOCategory;

  /// The notification category on OPPO devices.
  String? androidOPPOCategory;

  /// The notification level on OPPO devices.
  int? androidOPPONotifyLevel;

  /// The notification importance on Honor devices.
  String? androidHonorImportance;

  /// The kind of notification on Meizu devices.
  int? androidMeizuNotifyType;

  /// The picture of the notification on Huawei devices.
  String? androidHuaWeiImage;

  /// The picture of the notification on Honor devices.
  String? androidHonorImage;

  /// The picture of the notification for FCM.
  String? androidFCMImage;

  /// The picture of the notification on iPhones.
  String? iOSImage;

  /// The interruption level of the notification on iPhones.
  String? iOSInterruptionLevel;

  /// Whether a push wakes the application on iPhones.
  bool? enableIOSBackgroundNotification;

  /// The picture of the notification on HarmonyOS.
  String? harmonyImage;

  /// The notification category on HarmonyOS.
  String? harmonyCategory;

  /// Whether the badge stays unchanged on HarmonyOS.
  bool? ignoreHarmonyBadge;

  /// Returns the settings as a map.
  Map<String, dynamic> toJson() => {
        'title': title,
        'desc': desc,
        'ext': ext,
        'disablePush': disablePush,
        'iOSSound': iOSSound,
        'ignoreIOSBadge': ignoreIOSBadge,
        'androidOPPOChannelID': androidOPPOChannelID,
        'androidVIVOClassification': androidVIVOClassification,
        'androidSound': androidSound,
        'androidFCMChannelID': androidFCMChannelID,
        'androidXiaoMiChannelID': androidXiaoMiChannelID,
        'iOSPushType': iOSPushType,
        'androidHuaWeiCategory': androidHuaWeiCategory,
        'androidVIVOCategory': androidVIVOCategory,
        'androidOPPOCategory': androidOPPOCategory,
        'androidOPPONotifyLevel': androidOPPONotifyLevel,
        'androidHonorImportance': androidHonorImportance,
        'androidMeizuNotifyType': androidMeizuNotifyType,
        'androidHuaWeiImage': androidHuaWeiImage,
        'androidHonorImage': androidHonorImage,
        'androidFCMImage': androidFCMImage,
        'iOSImage': iOSImage,
        'iOSInterruptionLevel': iOSInterruptionLevel,
        'enableIOSBackgroundNotification': enableIOSBackgroundNotification,
        'harmonyImage': harmonyImage,
        'harmonyCategory': harmonyCategory,
        'ignoreHarmonyBadge': ignoreHarmonyBadge,
      };
}
