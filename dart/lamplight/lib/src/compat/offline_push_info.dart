/// The push settings of a message in the plugin.
library;

/// The push settings of a message. Lamplight ignores them: it sends a message
/// to an offline user to the app's push webhook.
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

  /// The title.
  String? title;

  /// The text.
  String? desc;

  /// Data of the application.
  String? ext;

  /// Whether nothing is pushed.
  bool? disablePush;

  /// The sound on an iPhone.
  String? iOSSound;

  /// Whether the badge on an iPhone stays as it is.
  bool? ignoreIOSBadge;

  /// The channel on OPPO.
  String? androidOPPOChannelID;

  /// The class on VIVO.
  int? androidVIVOClassification;

  /// The sound on Android.
  String? androidSound;

  /// The channel of FCM.
  String? androidFCMChannelID;

  /// The channel on Xiaomi.
  String? androidXiaoMiChannelID;

  /// The kind of push on an iPhone.
  int? iOSPushType;

  /// The category on Huawei.
  String? androidHuaWeiCategory;

  /// The category on VIVO.
  String? androidVIVOCategory;

  /// The category on OPPO.
  String? androidOPPOCategory;

  /// The level on OPPO.
  int? androidOPPONotifyLevel;

  /// The importance on Honor.
  String? androidHonorImportance;

  /// The kind of notice on Meizu.
  int? androidMeizuNotifyType;

  /// The picture on Huawei.
  String? androidHuaWeiImage;

  /// The picture on Honor.
  String? androidHonorImage;

  /// The picture of FCM.
  String? androidFCMImage;

  /// The picture on an iPhone.
  String? iOSImage;

  /// The level of interruption on an iPhone.
  String? iOSInterruptionLevel;

  /// Whether the application is woken on an iPhone.
  bool? enableIOSBackgroundNotification;

  /// The picture on HarmonyOS.
  String? harmonyImage;

  /// The category on HarmonyOS.
  String? harmonyCategory;

  /// Whether the badge on HarmonyOS stays as it is.
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
