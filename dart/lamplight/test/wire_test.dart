/// Tests the parser of the server's messages, with valid and invalid texts.
library;

import 'package:lamplight/lamplight.dart';
import 'package:lamplight/src/wire/server_message.dart';

import 'support/runner.dart';

void main() {
  test('a status is read with all its evidence', () {
    final message = ServerMessage.parse('''
      {"id": "7", "setSelfStatus": {"status": {
        "userId": "ann", "statusType": "STATUS_TYPE_ONLINE",
        "customStatus": "在路上 🚲", "customExpires": "1700000001000",
        "version": "18446744073709551615",
        "since": "1700000000000", "reason": "REASON_CUSTOM",
        "lastSeen": 1700000000001,
        "onlineDevices": ["PLATFORM_IPHONE", 7, "PLATFORM_WATCH", 99]
      }}}''');
    final AnswerMessage(:id, :kind, :value) = message as AnswerMessage;
    equal((id, kind), (7, 'setSelfStatus'));
    final status = value as UserStatus;
    equal(
      status,
      UserStatus(
        userId: 'ann',
        type: StatusType.online,
        customStatus: '在路上 🚲',
        customExpires: DateTime.utc(2023, 11, 14, 22, 13, 21),
        version: BigInt.two.pow(64) - BigInt.one,
        since: DateTime.utc(2023, 11, 14, 22, 13, 20),
        reason: StatusReason.custom,
        lastSeen: DateTime.utc(2023, 11, 14, 22, 13, 20, 1),
        onlineDevices: [DevicePlatform.iPhone, DevicePlatform.web],
      ),
    );
  });

  test('a newer contract is read as far as this one goes', () {
    final message = ServerMessage.parse('''
      {"statusChanged": {"statuses": [
        {"userId": "ann", "statusType": 9, "reason": "REASON_DREAMT", "x": 1},
        {"userId": "bob", "statusType": 3, "reason": 10, "customStatus": null},
        {"userId": "cid", "reason": "REASON_CUSTOM_EXPIRED"},
        {"userId": "dan", "reason": 11}, {"userId": "eve", "reason": 99},
        {"userId": "ünï"}, {"userId": ""}, {}
      ]}, "y": {}}''') as StatusChangedMessage;
    final [ann, bob, cid, dan, eve] = message.statuses;
    equal((ann.type, ann.reason), (StatusType.unknown, StatusReason.unknown));
    equal(
      (bob.type, bob.reason),
      (StatusType.unlogined, StatusReason.nodeLost),
    );
    equal(
      [cid.reason, dan.reason, eve.reason],
      [
        StatusReason.customExpired,
        StatusReason.customExpired,
        StatusReason.unknown,
      ],
    );
    equal(bob.customExpires, null);
    check(ServerMessage.parse('{"id": "1", "z": {}}') is UnknownMessage, 'z');
    check(ServerMessage.parse('{}') is UnknownMessage, 'nothing');
    final ended = ServerMessage.parse(
      '{"connectionEnded": {"cause": "CAUSE_MOON", "retryAfterMs": 3}}',
    ) as ConnectionEndedMessage;
    equal((ended.cause, ended.retryAfter), (EndCause.unspecified, 3));
  });

  test('what is no message of the contract is refused, whatever it is', () {
    final deep = '${'[' * 100000}${']' * 100000}';
    for (final text in [
      '',
      'null',
      '1',
      '[]',
      '"text"',
      '{',
      '{"statusChanged": 1}',
      '{"statusChanged": {"statuses": {}}}',
      '{"statusChanged": {"statuses": [1]}}',
      '{"statusChanged": {"statuses": [{"userId": 1}]}}',
      '{"statusChanged": {"statuses": [{"userId": "a", "version": "-1"}]}}',
      '{"statusChanged": {"statuses": [{"userId": "a", "version": "x"}]}}',
      '{"statusChanged": {"statuses": [{"userId": "a", "version": 1.5}]}}',
      '{"statusChanged": {"statuses": [{"userId": "a", "statusType": []}]}}',
      '{"statusChanged": {"statuses": '
          '[{"userId": "a", "version": "18446744073709551616"}]}}',
      // A number that is too large becomes infinity in the decoder.
      '{"statusChanged": {"statuses": [{"userId": "a", "version": 1e999}]}}',
      '{"id": 1e999, "logout": {}}',
      '{"id": -1e999, "logout": {}}',
      // These are integers for Dart's parser, but not in JSON.
      for (final digits in ['0x1f', ' 5', '5 ', '+5', '', '1' * 21])
        '{"id": "$digits", "logout": {}}',
      // A refusal with the code 0 would mean success.
      '{"id": "1", "refusal": {}}',
      '{"id": "1", "refusal": {"code": 0, "message": "ok"}}',
      '{"statusChanged": {"snapshotComplete": "yes"}}',
      '{"subscriptionsChanged": {"subscribed": [1]}}',
      '{"id": "1", "login": []}',
      '{"id": {}, "logout": {}}',
      '{"id": "1", "setSelfStatus": {}}',
      '{"id": "1", "setSelfStatus": {"status": {"userId": ""}}}',
      '{"id": "1", "sendMessage": {"message": {}}}',
      '{"id": "1", "markRead": {"conversation": {"peer": 3}}}',
      '{"statusChanged": $deep}',
      deep,
    ]) {
      try {
        ServerMessage.parse(text);
      } on FormatException {
        continue;
      }
      throw CheckFailure('it was read: $text');
    }
  });

  test('a moment past the calendar is the last one of it', () {
    final told = ServerMessage.parse(
      '{"statusChanged": {"statuses": '
      '[{"userId": "a", "since": "18446744073709551615"}]}}',
    ) as StatusChangedMessage;
    equal(told.statuses.single.since?.year, 275760);
  });
}
