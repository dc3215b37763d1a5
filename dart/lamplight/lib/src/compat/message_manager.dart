/// The calls about messages.
library;

import 'dart:math';

import '../model/codes.dart';
import '../model/exception.dart';
import '../model/lists.dart' show CustomContent, Message;
import '../tell.dart';
import 'absent_message_calls.dart';
import 'answers.dart';
import 'conversation_manager.dart';
import 'enums.dart';
import 'listeners.dart';
import 'message_types.dart';
import 'offline_push_info.dart';
import 'session.dart';
import 'shapes.dart';
import 'types.dart';

/// The maximum number of messages in a page of history.
const int _largestPage = 100;

/// The calls about messages.
class V2TIMMessageManager extends AbsentMessageCalls {
  final Random _random = Random();

  /// Adds a listener.
  Future<void> addAdvancedMsgListener({
    required V2TimAdvancedMsgListener listener,
  }) async {
    session.lists.messages.add(listener);
  }

  /// Removes a listener, or all listeners if there is no argument.
  Future<void> removeAdvancedMsgListener({
    V2TimAdvancedMsgListener? listener,
  }) async {
    final listeners = session.lists.messages;
    listener == null ? listeners.clear() : listeners.remove(listener);
  }

  /// Creates a text message for `sendMessage`.
  Future<V2TimValueCallback<V2TimMsgCreateInfoResult>> createTextMessage({
    required String text,
  }) =>
      _make(MadeMessage(text: text));

  /// Creates a message with custom content for `sendMessage`.
  Future<V2TimValueCallback<V2TimMsgCreateInfoResult>> createCustomMessage({
    required String data,
    String desc = '',
    String extension = '',
  }) =>
      _make(
        MadeMessage(
          custom: CustomContent(
            data: data,
            description: desc,
            extension: extension,
          ),
        ),
      );

  /// Sends a [message] of `createTextMessage` or `createCustomMessage`, with
  /// its current content. After a failure, the same message may be sent again:
  /// the server stores it only once, if its content is unchanged and ten
  /// minutes have not passed. Programs for older versions of the plugin pass
  /// the [id] of a created message instead.
  ///
  /// [onSyncMsgID] is called with the `msgID` when the message is stored,
  /// before the answer.
  ///
  /// Options that would change the message for others are refused with 7013.
  /// [priority] and [offlinePushInfo] are only returned in the answer. The
  /// options for moderation, and for callbacks before and after a message, have
  /// no effect.
  Future<V2TimValueCallback<V2TimMessage>> sendMessage({
    @Deprecated('Use message') String? id,
    V2TimMessage? message,
    void Function(String msgID)? onSyncMsgID,
    required String receiver,
    required String groupID,
    MessagePriorityEnum? priority = MessagePriorityEnum.V2TIM_PRIORITY_NORMAL,
    bool? onlineUserOnly = false,
    bool? isExcludedFromUnreadCount = false,
    bool? isExcludedFromLastMessage = false,
    bool? isSupportMessageExtension = false,
    bool? isExcludedFromContentModeration = false,
    bool? needReadReceipt = false,
    OfflinePushInfo? offlinePushInfo,
    String? cloudCustomData,
    String? localCustomData,
    bool? isDisableCloudMessagePreHook,
    bool? isDisableCloudMessagePostHook,
  }) async {
    final cloudData = cloudCustomData ?? message?.cloudCustomData ?? '';
    final unsupported = {
      'groups': groupID.isNotEmpty,
      'onlineUserOnly': onlineUserOnly,
      'isExcludedFromUnreadCount': isExcludedFromUnreadCount,
      'isExcludedFromLastMessage': isExcludedFromLastMessage,
      'isSupportMessageExtension': isSupportMessageExtension,
      'needReadReceipt': needReadReceipt,
      'cloudCustomData': cloudData.isNotEmpty,
    };
    for (final MapEntry(key: option, value: isSet) in unsupported.entries) {
      if (isSet ?? false) {
        return notSupported(option);
      }
    }
    final MadeMessage? content;
    switch (message) {
      case null:
        content = null;
      case V2TimMessage(
          elemType: MessageElemType.V2TIM_ELEM_TYPE_TEXT,
          textElem: V2TimTextElem(:final text)
        ):
        content = MadeMessage(text: text);
      case V2TimMessage(
          elemType: MessageElemType.V2TIM_ELEM_TYPE_CUSTOM,
          customElem: V2TimCustomElem(
            :final data,
            :final desc,
            :final extension
          )
        ):
        content = MadeMessage(
          custom: CustomContent(
            data: data ?? '',
            description: desc ?? '',
            extension: extension ?? '',
          ),
        );
      default:
        return notSupported('a message without text and custom content');
    }
    return session.ask((running) async {
      final named = message == null ? id ?? '' : message.id ?? '';
      // A message that the program has constructed itself has no id yet.
      final isOwn = content != null && named.isEmpty;
      final key = isOwn ? _newId() : named;
      final made = isOwn ? content : running.made[key];
      if (made == null) {
        throw LamplightException(
          LamplightCode.invalidParameter,
          key.isEmpty
              ? 'neither message nor id is set'
              : 'no message was made under the id $key, or it was sent '
                  'already: make a new one',
        );
      }
      running.keep(key, content ?? made);
      message?.id = key;
      final sent = await _send(running, key, receiver, content ?? made);
      running.made.remove(key);
      final answer = messageOf(sent, running)
        ..localCustomData = localCustomData ?? message?.localCustomData
        ..priority = priority?.index
        ..offlinePushInfo = offlinePushInfo;
      if (onSyncMsgID != null) {
        tellAll({onSyncMsgID}, (listener) => listener(answer.msgID ?? ''));
      }
      return answer;
    });
  }

  /// Creates a text message and sends it.
  @Deprecated('Use createTextMessage and sendMessage')
  Future<V2TimValueCallback<V2TimMessage>> sendTextMessage({
    required String text,
    required String receiver,
    required String groupID,
    MessagePriorityEnum? priority = MessagePriorityEnum.V2TIM_PRIORITY_NORMAL,
    bool onlineUserOnly = false,
    bool isExcludedFromUnreadCount = false,
    OfflinePushInfo? offlinePushInfo,
  }) async {
    final made = await createTextMessage(text: text);
    if (made.code != LamplightCode.ok) {
      return refusal(made.code, made.desc);
    }
    return sendMessage(
      message: made.data?.messageInfo,
      receiver: receiver,
      groupID: groupID,
      onlineUserOnly: onlineUserOnly,
      isExcludedFromUnreadCount: isExcludedFromUnreadCount,
    );
  }

  /// Reads messages with a user, the newest first. With [lastMsg], reads only
  /// the messages before it.
  Future<V2TimValueCallback<List<V2TimMessage>>> getC2CHistoryMessageList({
    required String userID,
    required int count,
    V2TimMessage? lastMsg,
    @Deprecated('Use lastMsg') String? lastMsgID,
  }) =>
      _messagesOf(
        getHistoryMessageListV2(
          userID: userID,
          count: count,
          lastMsg: lastMsg,
          lastMsgID: lastMsgID,
        ),
      );

  /// Reads messages like [getC2CHistoryMessageList], with options. Options of
  /// features that Lamplight does not have are refused.
  Future<V2TimValueCallback<List<V2TimMessage>>> getHistoryMessageList({
    HistoryMsgGetTypeEnum? getType =
        HistoryMsgGetTypeEnum.V2TIM_GET_LOCAL_OLDER_MSG,
    String? userID,
    String? groupID,
    int lastMsgSeq = -1,
    required int count,
    V2TimMessage? lastMsg,
    @Deprecated('Use lastMsg') String? lastMsgID,
    List<int>? messageTypeList,
    List<int>? messageSeqList,
    int? timeBegin,
    int? timePeriod,
  }) =>
      _messagesOf(
        getHistoryMessageListV2(
          getType: getType,
          userID: userID,
          groupID: groupID,
          lastMsgSeq: lastMsgSeq,
          count: count,
          lastMsg: lastMsg,
          lastMsgID: lastMsgID,
          messageTypeList: messageTypeList,
          messageSeqList: messageSeqList,
          timeBegin: timeBegin,
          timePeriod: timePeriod,
        ),
      );

  /// Reads messages like [getHistoryMessageList]. The answer also says whether
  /// there are no earlier messages.
  Future<V2TimValueCallback<V2TimMessageListResult>> getHistoryMessageListV2({
    HistoryMsgGetTypeEnum? getType =
        HistoryMsgGetTypeEnum.V2TIM_GET_LOCAL_OLDER_MSG,
    String? userID,
    String? groupID,
    int lastMsgSeq = -1,
    required int count,
    V2TimMessage? lastMsg,
    @Deprecated('Use lastMsg') String? lastMsgID,
    List<int>? messageTypeList,
    List<int>? messageSeqList,
    int? timeBegin,
    int? timePeriod,
  }) async {
    final unsupported = {
      'groups': groupID != null && groupID.isNotEmpty,
      'reading newer messages':
          getType == HistoryMsgGetTypeEnum.V2TIM_GET_CLOUD_NEWER_MSG ||
              getType == HistoryMsgGetTypeEnum.V2TIM_GET_LOCAL_NEWER_MSG,
      'messageTypeList': messageTypeList != null && messageTypeList.isNotEmpty,
      'messageSeqList': messageSeqList != null && messageSeqList.isNotEmpty,
      'timeBegin': (timeBegin ?? 0) != 0,
      'timePeriod': (timePeriod ?? 0) != 0,
    };
    for (final MapEntry(key: option, value: isSet) in unsupported.entries) {
      if (isSet) {
        return notSupported(option);
      }
    }
    // A message that was not sent has no msgID, so there is no history before
    // it.
    final last = lastMsg == null ? lastMsgID ?? '' : lastMsg.msgID ?? '';
    final isNamed = lastMsg != null || last.isNotEmpty;
    final before =
        isNamed ? sequenceOf(last) : (lastMsgSeq > 0 ? lastMsgSeq : null);
    if (userID == null || count <= 0 || (isNamed && before == null)) {
      return invalid(
        'userID must be set, count must be positive, and lastMsg must be a '
        'message that was sent or received',
      );
    }
    return session.ask((running) async {
      final page = await running.client.getHistory(
        userID,
        before: before,
        limit: min(count, _largestPage),
      );
      return V2TimMessageListResult(
        isFinished: page.isLast,
        messageList: [
          for (final message in page.messages) messageOf(message, running),
        ],
      );
    });
  }

  /// Marks the messages of a user as read.
  Future<V2TimCallback> markC2CMessageAsRead({required String userID}) =>
      session.call((running) => running.kit.lists.markRead(userID));

  /// Marks all messages as read.
  Future<V2TimCallback> markAllMessageAsRead() => session.call(markAllRead);

  /// Returns the list of the messages in a page.
  Future<V2TimValueCallback<List<V2TimMessage>>> _messagesOf(
    Future<V2TimValueCallback<V2TimMessageListResult>> reading,
  ) async {
    final V2TimValueCallback(:code, :desc, :data) = await reading;
    return V2TimValueCallback(code: code, desc: desc, data: data?.messageList);
  }

  Future<V2TimValueCallback<V2TimMsgCreateInfoResult>> _make(
    MadeMessage made,
  ) =>
      session.ask((running) async {
        final id = _newId();
        running.keep(id, made);
        final (:elemType, :textElem, :customElem) =
            elementsOf(made.text ?? '', made.custom);
        return V2TimMsgCreateInfoResult(
          id: id,
          messageInfo: V2TimMessage(
            id: id,
            sender: running.client.userId,
            isSelf: true,
            status: MessageStatus.V2TIM_MSG_STATUS_SENDING,
            elemType: elemType,
            textElem: textElem,
            customElem: customElem,
          ),
        );
      });

  String _newId() => '${DateTime.now().microsecondsSinceEpoch}'
      '-${_random.nextInt(1 << 30)}';

  Future<Message> _send(
    Running running,
    String id,
    String receiver,
    MadeMessage made,
  ) async {
    final lists = running.kit.lists;
    final custom = made.custom;
    final sent = custom == null
        ? await lists.sendTextMessage(
            receiver,
            made.text ?? '',
            clientMessageId: id,
          )
        : await lists.sendCustomMessage(receiver, custom, clientMessageId: id);
    return sent.message;
  }
}
