/// The calls about messages that Lamplight does not have.
library;

import 'answers.dart';
import 'enums.dart';
import 'message_types.dart';
import 'types.dart';

/// The calls about messages that answer "not supported".
class AbsentMessageCalls {
  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> createImageMessage({
    required String imagePath,
    Object? inputElement,
    String? imageName,
  }) =>
      absent('createImageMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> createSoundMessage({
    required String soundPath,
    required int duration,
  }) =>
      absent('createSoundMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> createVideoMessage({
    required String videoFilePath,
    required String type,
    required int duration,
    required String snapshotPath,
    Object? inputElement,
  }) =>
      absent('createVideoMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> createFileMessage({
    required String filePath,
    required String fileName,
    Object? inputElement,
  }) =>
      absent('createFileMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> createLocationMessage({
    required String desc,
    required double longitude,
    required double latitude,
  }) =>
      absent('createLocationMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> createFaceMessage({
    required int index,
    required String data,
  }) =>
      absent('createFaceMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> createMergerMessage({
    List<String>? msgIDList,
    required String title,
    required List<String> abstractList,
    required String compatibleText,
    List<V2TimMessage>? msgList,
  }) =>
      absent('createMergerMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> createForwardMessage({
    String? msgID,
    String? webMessageInstance,
    V2TimMessage? message,
  }) =>
      absent('createForwardMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> createTextAtMessage({
    required String text,
    required List<String> atUserList,
  }) =>
      absent('createTextAtMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> createTargetedGroupMessage({
    String? id,
    required List<String> receiverList,
    V2TimMessage? message,
  }) =>
      absent('createTargetedGroupMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> createAtSignedGroupMessage({
    String? createdMsgID,
    required List<String> atUserList,
    V2TimMessage? message,
  }) =>
      absent('createAtSignedGroupMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> appendMessage({
    required String createMessageBaseId,
    required String createMessageAppendId,
  }) =>
      absent('appendMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> reSendMessage({
    required String msgID,
    bool? onlineUserOnly,
    Object? webMessageInstatnce,
  }) =>
      absent('reSendMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> sendReplyMessage({
    required String id,
    required String receiver,
    required String groupID,
    required V2TimMessage replyMessage,
    MessagePriorityEnum? priority,
    bool? onlineUserOnly,
    bool? isExcludedFromUnreadCount,
    bool? needReadReceipt,
    Object? offlinePushInfo,
    String? localCustomData,
  }) =>
      absent('sendReplyMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> downloadMergerMessage({
    String? msgID,
    String? webMessageInstance,
    V2TimMessage? message,
  }) =>
      absent('downloadMergerMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> downloadMessage({
    String? msgID,
    V2TimMessage? message,
    int? messageType,
    required int imageType,
    required bool isSnapshot,
    String? downloadPath,
    void Function(V2TimMessage message)? onDownloadFinished,
  }) =>
      absent('downloadMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getMessageOnlineUrl({
    String? msgID,
    V2TimMessage? message,
  }) =>
      absent('getMessageOnlineUrl');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> revokeMessage({
    String? msgID,
    Object? webMessageInstatnce,
    V2TimMessage? message,
  }) =>
      absent('revokeMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> modifyMessage({
    required V2TimMessage message,
  }) =>
      absent('modifyMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> deleteMessageFromLocalStorage({
    String? msgID,
    V2TimMessage? message,
  }) =>
      absent('deleteMessageFromLocalStorage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> deleteMessages({
    List<String>? msgIDs,
    List<Object?>? webMessageInstanceList,
    List<V2TimMessage>? msgList,
  }) =>
      absent('deleteMessages');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> clearC2CHistoryMessage({
    required String userID,
  }) =>
      absent('clearC2CHistoryMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> clearGroupHistoryMessage({
    required String groupID,
  }) =>
      absent('clearGroupHistoryMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getGroupHistoryMessageList({
    required String groupID,
    required int count,
    String? lastMsgID,
    V2TimMessage? lastMsg,
  }) =>
      absent('getGroupHistoryMessageList');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> markGroupMessageAsRead({
    required String groupID,
  }) =>
      absent('markGroupMessageAsRead');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> insertGroupMessageToLocalStorage({
    required String data,
    required String groupID,
    required String sender,
  }) =>
      absent('insertGroupMessageToLocalStorage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> insertC2CMessageToLocalStorage({
    required String data,
    required String userID,
    required String sender,
  }) =>
      absent('insertC2CMessageToLocalStorage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> insertGroupMessageToLocalStorageV2({
    required String groupID,
    required String senderID,
    String? createdMsgID,
    V2TimMessage? message,
  }) =>
      absent('insertGroupMessageToLocalStorageV2');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> insertC2CMessageToLocalStorageV2({
    required String userID,
    required String senderID,
    String? createdMsgID,
    V2TimMessage? message,
  }) =>
      absent('insertC2CMessageToLocalStorageV2');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> searchLocalMessages({
    required Object searchParam,
  }) =>
      absent('searchLocalMessages');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> searchCloudMessages({
    required Object searchParam,
  }) =>
      absent('searchCloudMessages');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> findMessages({
    required List<String> messageIDList,
  }) =>
      absent('findMessages');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> setLocalCustomData({
    String? msgID,
    required String localCustomData,
    V2TimMessage? message,
  }) =>
      absent('setLocalCustomData');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> setLocalCustomInt({
    String? msgID,
    required int localCustomInt,
    V2TimMessage? message,
  }) =>
      absent('setLocalCustomInt');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> setC2CReceiveMessageOpt({
    required List<String> userIDList,
    required Object opt,
  }) =>
      absent('setC2CReceiveMessageOpt');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getC2CReceiveMessageOpt({
    required List<String> userIDList,
  }) =>
      absent('getC2CReceiveMessageOpt');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> setGroupReceiveMessageOpt({
    required String groupID,
    required Object opt,
  }) =>
      absent('setGroupReceiveMessageOpt');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> setAllReceiveMessageOpt({
    required int opt,
    required int startHour,
    required int startMinute,
    required int startSecond,
    required int duration,
  }) =>
      absent('setAllReceiveMessageOpt');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> setAllReceiveMessageOptWithTimestamp({
    required int opt,
    required int startTimeStamp,
    required int duration,
  }) =>
      absent('setAllReceiveMessageOptWithTimestamp');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getAllReceiveMessageOpt() =>
      absent('getAllReceiveMessageOpt');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> sendMessageReadReceipts({
    List<String>? messageIDList,
    List<V2TimMessage>? messageList,
  }) =>
      absent('sendMessageReadReceipts');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getMessageReadReceipts({
    List<String>? messageIDList,
    List<V2TimMessage>? messageList,
  }) =>
      absent('getMessageReadReceipts');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getGroupMessageReadMemberList({
    String? messageID,
    required Object filter,
    int? nextSeq,
    int? count,
    V2TimMessage? message,
  }) =>
      absent('getGroupMessageReadMemberList');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> setMessageExtensions({
    String? msgID,
    required List<Object?> extensions,
    V2TimMessage? message,
  }) =>
      absent('setMessageExtensions');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getMessageExtensions({
    String? msgID,
    V2TimMessage? message,
  }) =>
      absent('getMessageExtensions');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> deleteMessageExtensions({
    String? msgID,
    required List<String> keys,
    V2TimMessage? message,
  }) =>
      absent('deleteMessageExtensions');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> addMessageReaction({
    String? msgID,
    required String reactionID,
    V2TimMessage? message,
  }) =>
      absent('addMessageReaction');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> removeMessageReaction({
    String? msgID,
    required String reactionID,
    V2TimMessage? message,
  }) =>
      absent('removeMessageReaction');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getMessageReactions({
    List<String>? msgIDList,
    required int maxUserCountPerReaction,
    List<String>? webMessageInstanceList,
    List<V2TimMessage>? messageList,
  }) =>
      absent('getMessageReactions');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getAllUserListOfMessageReaction({
    String? msgID,
    required String reactionID,
    required int nextSeq,
    required int count,
    String? webMessageInstance,
    V2TimMessage? message,
  }) =>
      absent('getAllUserListOfMessageReaction');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> translateText({
    required List<String> texts,
    required String targetLanguage,
    String? sourceLanguage,
  }) =>
      absent('translateText');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> convertVoiceToText({
    String? msgID,
    required String language,
    String? webMessageInstance,
    V2TimMessage? message,
  }) =>
      absent('convertVoiceToText');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> pinGroupMessage({
    String? msgID,
    required String groupID,
    required bool isPinned,
    V2TimMessage? message,
  }) =>
      absent('pinGroupMessage');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> getPinnedGroupMessageList({
    required String groupID,
  }) =>
      absent('getPinnedGroupMessageList');

  /// Not supported by Lamplight: always answers 7013.
  Future<V2TimValueCallback<Never>> setAvChatRoomCanFindMessage({
    required List<String> avchatroomIDs,
    int? eachGroupMessageNums,
  }) =>
      absent('setAvChatRoomCanFindMessage');
}
