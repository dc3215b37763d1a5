/// Tests the plugin's calls about the session and statuses, with a real server.
library;

import 'dart:async';

import 'package:lamplight/compat.dart';
import 'package:lamplight/lamplight.dart' show DevicePlatform, LamplightCode;

import '../support/node.dart';
import '../support/runner.dart';

final V2TIMManager _manager = TencentImSDKPlugin.v2TIMManager;

/// Runs [body] with a server and with the plugin, before `initSDK`.
Future<void> withServer(Future<void> Function(Node node) body) async {
  final node = await Node.start();
  try {
    Lamplight.configure(server: node.url, platform: DevicePlatform.android);
    await body(node);
  } finally {
    await _manager.unInitSDK();
    await node.end();
  }
}

/// Calls `initSDK` and `login`.
Future<void> logIn(Node node, String user, [V2TimSDKListener? listener]) async {
  equal(
    (await _manager.initSDK(sdkAppID: Node.app, listener: listener)).code,
    0,
  );
  final sig = await node.sig(user);
  equal((await _manager.login(userID: user, userSig: sig)).code, 0);
}

/// Returns a listener that appends a short note for each of its calls.
V2TimSDKListener noting(List<String> notes) => V2TimSDKListener(
      onConnecting: () => notes.add('connecting'),
      onConnectSuccess: () => notes.add('connected'),
      onConnectFailed: (code, error) => notes.add('failed $code'),
      onKickedOffline: () => notes.add('kicked'),
      onUserSigExpired: () => notes.add('expired'),
      onSelfInfoUpdated: (info) => notes.add('self ${info.nickName}'),
      onUserInfoChanged: (list) =>
          notes.addAll([for (final one in list) 'user ${one.nickName}']),
      onUserStatusChanged: (list) => notes.addAll([
        for (final one in list)
          '${one.userID} ${one.statusType} ${one.customStatus}',
      ]),
    );

void main() {
  test('before initSDK every call answers 6013, and nobody is logged in',
      () async {
    await _manager.unInitSDK();
    final answers = await Future.wait<V2TimCallback>([
      _manager.login(userID: 'a', userSig: 'b'),
      _manager.logout(),
      _manager.setSelfStatus(status: ''),
      _manager.getUserStatus(userIDList: ['a']),
      _manager.subscribeUserStatus(userIDList: ['a']),
      _manager.unsubscribeUserStatus(userIDList: []),
      _manager.getServerTime(),
      _manager.getFriendshipManager().getFriendList(),
      _manager
          .getConversationManager()
          .getConversationList(nextSeq: '0', count: 10),
      _manager.getMessageManager().createTextMessage(text: 'a'),
    ]);
    equal({for (final one in answers) one.code}, {CompatCode.notInitialized});
    equal((await _manager.getLoginUser()).data, '');
    equal(
      (await _manager.getLoginStatus()).data,
      LoginStatus.V2TIM_STATUS_LOGOUT,
    );
  });

  test('a malformed address or app is a code, not an exception', () async {
    for (final (server, app) in [('ftp://x', 1), ('ws://127.0.0.1:1', 0)]) {
      Lamplight.configure(server: server);
      final answer = await _manager.initSDK(sdkAppID: app);
      equal((answer.code, answer.data), (6017, false), '$server $app');
      check(answer.desc.isNotEmpty, 'a refusal has a text');
    }
  });

  test('a server that is not there is a code, after the listener is told',
      () async {
    Lamplight.configure(server: 'ws://127.0.0.1:1');
    final notes = <String>[];
    await _manager.initSDK(sdkAppID: Node.app, listener: noting(notes));
    for (var attempt = 1; attempt <= 2; attempt++) {
      final answer = await _manager.login(userID: 'alice', userSig: 'x');
      equal(answer.code, LamplightCode.notConnected);
      equal(notes, [
        for (var i = 0; i < attempt; i++) ...['connecting', 'failed 9508'],
      ]);
    }
    await _manager.unInitSDK();

    // An error of the connector fails the login before the call returns.
    Lamplight.configure(
      server: 'ws://127.0.0.1:1',
      connector: (_) => throw StateError('no network'),
    );
    notes.clear();
    await _manager.initSDK(sdkAppID: Node.app, listener: noting(notes));
    await _manager.login(userID: 'alice', userSig: 'x');
    equal(notes, ['connecting', 'failed 9508']);
    await _manager.unInitSDK();
  });

  test('before the login: 6014; another app needs unInitSDK first', () async {
    await withServer((node) async {
      equal((await _manager.initSDK(sdkAppID: Node.app)).code, 0);
      equal((await _manager.initSDK(sdkAppID: Node.app)).code, 0);
      equal((await _manager.initSDK(sdkAppID: 77)).code, 6017);
      for (final answer in [
        await _manager.setSelfStatus(status: 'x'),
        await _manager.getUserStatus(userIDList: ['a']),
        await _manager.subscribeUserStatus(userIDList: ['a']),
        await _manager.getFriendshipManager().getFriendList(),
        await _manager
            .getConversationManager()
            .getConversationList(nextSeq: '0', count: 10),
      ]) {
        equal((answer.code, answer.desc), (6014, 'not logged in'));
      }
      await _manager.unInitSDK();
      equal((await _manager.initSDK(sdkAppID: 77)).code, 0);
    });
  });

  test('refusals have the codes of the cloud', () async {
    await withServer((node) async {
      await logIn(node, 'alice');
      await node.login('bob').then((bob) => bob.client.close());
      Future<int> get(List<String> users) async =>
          (await _manager.getUserStatus(userIDList: users)).code;
      Future<int> subscribe(List<String> users) async =>
          (await _manager.subscribeUserStatus(userIDList: users)).code;
      List<String> crowd(int count) => [for (var i = 0; i < count; i++) 'u$i'];

      equal(await get(['nobody']), 70107);
      equal(await get(['bob', 'nobody']), 0);
      for (final users in [
        <String>[],
        [''],
        ['bob', ''],
        ['bob', 'ü'],
      ]) {
        equal(await get(users), 6017, '$users');
      }
      equal(await get(crowd(501)), 70206);
      equal(await subscribe(crowd(101)), 70206);
      equal(await subscribe(['alice']), 6017);
      equal((await _manager.setSelfStatus(status: 'x' * 101)).code, 6017);
      equal((await _manager.setSelfStatus(status: '\ud83d')).code, 6017);

      await node.set(['--user-status', 'off']);
      equal(await get(['bob']), 72001);
      equal(await get(['alice']), 0);
      equal(await subscribe(['bob']), 72001);
      await node.set(['--user-status', 'on', '--edition', 'standard']);
      final answer = await _manager.getUserStatus(userIDList: ['bob']);
      equal(
        (answer.code, answer.desc),
        (7013, LamplightCode.english(LamplightCode.editionNotSupported)),
      );
      equal(answer.data, null);
      await node.set(['--edition', 'flagship', '--rate-calls', '2']);
      final codes = [for (var i = 0; i < 5; i++) await get(['bob'])];
      check(codes.contains(7008), 'calls too often answer 7008: $codes');
    });
  });

  test('a wrong UserSig is a code, and no failure to connect', () async {
    await withServer((node) async {
      final notes = <String>[];
      await _manager.initSDK(sdkAppID: Node.app, listener: noting(notes));
      final bobs = await node.sig('bob');
      equal((await _manager.login(userID: 'alice', userSig: bobs)).code, 70013);
      equal((await _manager.login(userID: 'alice', userSig: '')).code, 70002);
      equal((await _manager.login(userID: 'alice', userSig: 'x')).code, 70003);
      equal(notes.toSet(), {'connecting'});
      equal((await _manager.getLoginStatus()).data, 3);
      final good = await node.sig('alice');
      equal((await _manager.login(userID: 'alice', userSig: good)).code, 0);
      equal((await _manager.getLoginStatus()).data, 1);
      equal((await _manager.getLoginUser()).data, 'alice');
    });
  });

  test('statuses tell the devices', () async {
    await withServer((node) async {
      await logIn(node, 'alice');
      final bob = await node.login('bob', platform: DevicePlatform.iPhone);
      final web = await node.login('bob', platform: DevicePlatform.web);
      final answer = await _manager.getUserStatus(userIDList: ['bob']);
      equal(
        answer.data?.single.onlineDevices?.toSet(),
        {'iPhone', 'Web'},
      );
      await bob.client.close();
      await web.client.close();
    });
  });

  test('a listener is told of the connection, and none keeps another from it',
      () async {
    await withServer((node) async {
      final notes = <String>[];
      final early = <String>[];
      final errors = <Object>[];
      final earlyListener = noting(early);
      await runZonedGuarded(
        () async {
          _manager
            ..addIMSDKListener(
              V2TimSDKListener(onConnectSuccess: () => throw StateError('no')),
            )
            ..addIMSDKListener(earlyListener);
          await logIn(node, 'alice', noting(notes));
          await until('connected', () => notes.contains('connected'));
        },
        (error, _) => errors.add(error),
      );
      equal(errors.length, 1);
      equal(notes.take(2).toList(), ['connecting', 'connected']);
      equal(early.take(2).toList(), ['connecting', 'connected']);
      _manager.removeIMSDKListener(earlyListener);
      notes.clear();
      early.clear();
      await node.kill();
      await until('cut', () => notes.any((one) => one.startsWith('failed')));
      equal((await _manager.getLoginUser()).data, 'alice');
      await node.restart();
      await until('back', () => notes.contains('connected'));
      equal(early, <String>[]);
    });
  });

  test('a listener that is given again is called once', () async {
    await withServer((node) async {
      final first = <String>[];
      final again = <String>[];
      final kit = <String>[];
      final both = <String>[];
      final kept = noting(both);
      _manager.addIMSDKListener(kept);
      for (final notes in [first, again]) {
        final answer = await _manager.initSDK(
          sdkAppID: Node.app,
          listener: noting(notes),
          initPath: 'a',
          logPath: 'b',
          uiPlatform: 2,
        );
        equal((answer.code, answer.data), (0, true));
      }
      await TIMUIKitCore.getInstance()
          .init(sdkAppID: Node.app, listener: noting(kit));
      await TIMUIKitCore.getInstance().init(sdkAppID: Node.app, listener: kept);
      await logIn(node, 'alice');
      int connects(List<String> notes) =>
          notes.where((note) => note == 'connected').length;
      await until('told', () => both.contains('connected'));
      equal((connects(first), connects(both)), (1, 1));
      equal((again, kit), (<String>[], <String>[]));
      _manager.removeIMSDKListener(kept);
      await _manager.logout();
      final sig = await node.sig('alice');
      await _manager.login(userID: 'alice', userSig: sig);
      await until('told', () => connects(first) == 2);
      equal(connects(both), 1);
    });
  });

  test('kicked by another login, and back by the application', () async {
    await withServer((node) async {
      final notes = <String>[];
      await logIn(node, 'alice', noting(notes));
      final other = await node.login('alice', platform: DevicePlatform.android);
      await until('kicked', () => notes.contains('kicked'));
      equal((await _manager.getLoginStatus()).data, 3);
      equal((await _manager.setSelfStatus(status: '')).code, 6014);
      final sig = await node.sig('alice');
      equal((await _manager.login(userID: 'alice', userSig: sig)).code, 0);
      await other.client.close();
    });
  });

  test('kicked while away: 6208 once, and then in', () async {
    await withServer((node) async {
      Lamplight.configure(
        server: node.url,
        platform: DevicePlatform.android,
        deviceId: 'phone',
      );
      await logIn(node, 'alice');
      // The process ends without a logout. Another device of the same kind then
      // logs in.
      await _manager.unInitSDK();
      final other = await node.login('alice', platform: DevicePlatform.android);
      await _manager.initSDK(sdkAppID: Node.app);
      final sig = await node.sig('alice');
      Future<int> login() async =>
          (await _manager.login(userID: 'alice', userSig: sig)).code;
      equal([await login(), await login()], [6208, 0]);
      await other.client.close();
    });
  });

  test('an expired UserSig is told, and refused at the login', () async {
    await withServer((node) async {
      final notes = <String>[];
      await _manager.initSDK(sdkAppID: Node.app, listener: noting(notes));
      final short = await node.sig('alice', '1s');
      final answer = await _manager.login(userID: 'alice', userSig: short);
      check([0, 6206].contains(answer.code), 'the code is ${answer.code}');
      if (answer.code == 0) {
        await until('expired', () => notes.contains('expired'));
      }
      final late = await _manager.login(userID: 'alice', userSig: short);
      equal(
        (late.code, late.desc),
        (6206, LamplightCode.english(LamplightCode.loginSigExpired)),
      );
      check(
        !notes.any((note) => note.startsWith('failed')),
        'an expired UserSig is no failure to connect: $notes',
      );
    });
  });

  test('the last login wins, as in the plugin', () async {
    await withServer((node) async {
      await logIn(node, 'alice');
      final sig = await node.sig('bob');
      equal((await _manager.login(userID: 'bob', userSig: sig)).code, 0);
      equal((await _manager.getLoginUser()).data, 'bob');
      final statuses = await _manager.getUserStatus(userIDList: ['alice']);
      equal(
        statuses.data?.single.statusType,
        UserStatusType.V2TIM_USER_STATUS_UNLOGINED,
      );
      equal((await _manager.logout()).code, 0);
      equal((await _manager.getLoginUser()).data, '');
    });
  });

  test('a list leaves alone whom the program itself subscribes to', () async {
    await withServer((node) async {
      await logIn(node, 'alice');
      await node.set(['--rate-calls', '1000']);
      final bob = await node.login('bob');
      final carol = await node.login('carol');
      for (final friend in [bob, carol]) {
        await friend.client.addFriend('alice');
      }
      final list = TIMUIKitContact()..addListener(() {});
      await untilSubscribed(Lamplight.client!, ['bob', 'carol']);
      // The list has already subscribed to bob; now the program subscribes too.
      final answer = await _manager.subscribeUserStatus(userIDList: ['bob']);
      equal(answer.code, 0);
      list.isShowOnlineStatus = false;
      list.dispose();
      // Switching statuses off ends only the subscriptions of the list, at
      // once.
      TIMUIKitCore.getInstance()
          .setConfig(const TIMUIKitConfig(isShowOnlineStatus: false));
      await untilSubscribed(Lamplight.client!, ['bob']);
      TIMUIKitCore.getInstance().setConfig(const TIMUIKitConfig());
      await bob.client.close();
      await carol.client.close();
    });
  });

  test('profiles', () async {
    await withServer((node) async {
      final notes = <String>[];
      await logIn(node, 'alice', noting(notes));
      final set = await _manager.setSelfInfo(
        userFullInfo: V2TimUserFullInfo(nickName: 'Alice C.'),
      );
      equal(set.code, 0);
      equal(notes.contains('self Alice C.'), true);
      final got = await _manager.getUsersInfo(userIDList: ['alice', 'nobody']);
      equal(got.data?.single.nickName, 'Alice C.');
      final refused = await _manager.setSelfInfo(
        userFullInfo: V2TimUserFullInfo(gender: 1),
      );
      equal(refused.code, CompatCode.notSupported);
    });
  });

  test('values read and write maps', () {
    final status = V2TimUserStatus(
      userID: 'a',
      statusType: 1,
      customStatus: 'x',
      onlineDevices: ['Web'],
    );
    equal(V2TimUserStatus.fromJson(status.toJson()).toJson(), status.toJson());
    final native = V2TimUserStatus.fromJson({
      'user_status_identifier': 'a',
      'user_status_status_type': 1,
      'user_status_custom_status': 'x',
      'user_status_online_devices': ['Web'],
    });
    equal(native.toJson(), status.toJson());
    final answer = V2TimCallback.fromJson({'code': 7, 'desc': 'no'});
    equal(answer.toJson(), {'code': 7, 'desc': 'no'});
  });
}
