/// Tests calls of the plugin that overlap, and listeners that make calls.
library;

import 'dart:async';

import 'package:lamplight/compat.dart';
import 'package:lamplight/lamplight.dart' show Link;

import '../support/gate.dart';
import '../support/node.dart';
import '../support/runner.dart';
import '../support/timers.dart';
import 'compat_test.dart' show logIn, noting, withServer;

/// A link that never opens.
final class _NoLink implements Link {
  @override
  final Future<void> ready = Completer<void>().future;

  @override
  Stream<String> get messages => const Stream.empty();

  @override
  void send(String text) {}

  @override
  void close() {}
}

void main() {
  final manager = TencentImSDKPlugin.v2TIMManager;

  Future<String?> loggedIn() async => (await manager.getLoginUser()).data;

  test('of logins that overlap the last one wins', () async {
    await withServer((node) async {
      await logIn(node, 'alice');
      final [bobs, cids] = [await node.sig('bob'), await node.sig('cid')];
      final codes = [
        for (final answer in await Future.wait([
          manager.login(userID: 'bob', userSig: bobs),
          manager.login(userID: 'cid', userSig: cids),
        ]))
          answer.code,
      ];
      equal((codes, await loggedIn()), ([6014, 0], 'cid'));
      // Two logins of the same user count as one.
      final same = [
        for (final answer in await Future.wait([
          manager.login(userID: 'bob', userSig: bobs),
          manager.login(userID: 'bob', userSig: bobs),
        ]))
          answer.code,
      ];
      equal((same, await loggedIn()), ([0, 0], 'bob'));
    });
  });

  test('a login after a logout of the same user, or of another one, wins',
      () async {
    await withServer((node) async {
      await logIn(node, 'alice');
      final [alices, bobs] = [await node.sig('alice'), await node.sig('bob')];
      Future<int> login(String user, String sig) async =>
          (await manager.login(userID: user, userSig: sig)).code;
      final again = await Future.wait([
        manager.logout().then((answer) => answer.code),
        login('alice', alices),
      ]);
      equal((again, await loggedIn()), ([0, 0], 'alice'));
      final other = await Future.wait([
        login('bob', bobs),
        login('alice', alices),
      ]);
      equal((other, await loggedIn()), ([6014, 0], 'alice'));
      equal((await manager.setSelfStatus(status: 'here')).code, 0);
    });
  });

  test('a logout takes back a login that waits for another logout', () async {
    await withServer((node) async {
      await logIn(node, 'alice');
      final sig = await node.sig('bob');
      final login = manager.login(userID: 'bob', userSig: sig);
      final logout = manager.logout();
      equal((await login).code, 6014);
      await logout;
      equal(await loggedIn(), '');
      // Both calls have ended, so they do not affect a later login.
      equal((await manager.login(userID: 'bob', userSig: sig)).code, 0);
    });
  });

  test('a login that is taken back fails with 6014, and nothing else is told',
      () async {
    final notes = <String>[];
    Lamplight.configure(
      server: 'ws://127.0.0.1:1',
      connector: (_) => _NoLink(),
    );
    await manager.initSDK(sdkAppID: Node.app, listener: noting(notes));
    final login = manager.login(userID: 'alice', userSig: 'x');
    equal((await manager.getLoginStatus()).data, 2);
    equal((await manager.logout()).code, 0);
    equal((await login).code, 6014);
    equal(notes, ['connecting']);
    equal((await manager.getLoginStatus()).data, 3);
    // A login that the next login replaces.
    final first = manager.login(userID: 'alice', userSig: 'x');
    final second = manager.login(userID: 'bob', userSig: 'x');
    equal((await first).code, 6014);
    await manager.logout();
    equal((await second).code, 6014);
    equal(notes.toSet(), {'connecting'});
    await manager.unInitSDK();
  });

  test('a server that goes while a login is taken back is no failure to connect',
      () async {
    await withServer((node) async {
      final gate = Gate()..isShut = true;
      final notes = <String>[];
      Lamplight.configure(server: node.url, connector: gate.connect);
      await manager.initSDK(sdkAppID: Node.app, listener: noting(notes));
      final sig = await node.sig('alice');
      final login = manager.login(userID: 'alice', userSig: sig);
      await until('the login is answered', () => gate.held > 0);
      final logout = manager.logout();
      await node.kill();
      equal((await login).code, 9508);
      equal((await logout).code, 6014);
      equal(notes, ['connecting']);
      await node.restart();
    });
  });

  test('unInitSDK in the middle of a login and of calls answers all of them',
      () async {
    await withServer((node) async {
      final sig = await node.sig('alice');
      await manager.initSDK(sdkAppID: Node.app);
      final login = manager.login(userID: 'alice', userSig: sig);
      await manager.unInitSDK();
      equal((await login).code, 6014);
      await logIn(node, 'alice');
      final calls = [
        manager.setSelfStatus(status: 'x'),
        manager.getUserStatus(userIDList: ['alice']),
        manager.getFriendshipManager().getFriendList(),
        manager.logout(),
      ];
      await manager.unInitSDK();
      for (final call in calls) {
        equal((await call).code, 6014);
      }
      equal((await manager.getLoginStatus()).data, 3);
    });
  });

  test('unInitSDK leaves no timer, also of a list that nobody has disposed',
      () async {
    final timers = Timers();
    await withServer((node) async {
      await timers.run(() async {
        await logIn(node, 'alice');
        final list = TIMUIKitConversation()..addListener(() {});
        await until('there is a clock', () => timers.waiting.isNotEmpty);
        await manager.unInitSDK();
        equal(list.rows.length, 0);
        await until('no timer waits', () => timers.waiting.isEmpty);
      });
    });
  });

  test('the device without a name of its own is one for the process', () async {
    final ids = <String?>{};
    for (var i = 0; i < 2; i++) {
      Lamplight.configure(server: 'ws://127.0.0.1:1');
      await manager.initSDK(sdkAppID: Node.app);
      ids.add(Lamplight.client?.deviceId);
      await manager.unInitSDK();
    }
    equal(ids.length, 1);
  });

  test('a listener may log out, log in, and end everything', () async {
    await withServer((node) async {
      final notes = <String>[];
      final answers = <Future<V2TimCallback>>[];
      final sigs = [await node.sig('alice'), await node.sig('bob')];
      late final V2TimSDKListener listener;
      listener = V2TimSDKListener(
        onConnectSuccess: () {
          notes.add('connected');
          if (answers.length < 2) answers.add(manager.logout());
        },
        onKickedOffline: () {
          notes.add('kicked');
          answers.add(manager.login(userID: 'bob', userSig: sigs.last));
        },
        onUserStatusChanged: (statuses) {
          if (statuses.any((one) => one.customStatus == 'end')) {
            notes.add('end');
            answers.add(manager.unInitSDK());
          }
        },
      );
      await manager.initSDK(sdkAppID: Node.app, listener: listener);
      for (var i = 0; i < 2; i++) {
        await manager.login(userID: 'alice', userSig: sigs.first);
        equal((await answers[i]).code, 0);
      }
      equal(await loggedIn(), '');
      await manager.login(userID: 'alice', userSig: sigs.first);
      await node.command(['account', 'kick', 'alice']);
      await until('it is told', () => answers.length == 3);
      equal(((await answers[2]).code, await loggedIn()), (0, 'bob'));
      await manager.setSelfStatus(status: 'end');
      await until('it is told', () => answers.length == 4);
      await answers[3];
      equal(Lamplight.client, null);
      equal(
        notes,
        ['connected', 'connected', 'connected', 'kicked', 'connected', 'end'],
      );
    });
  });

  test('a listener that another one removes is called no more', () async {
    await withServer((node) async {
      final notes = <String>[];
      final second = noting(notes);
      manager
        ..addIMSDKListener(
          V2TimSDKListener(
            onConnecting: () => manager.removeIMSDKListener(second),
          ),
        )
        ..addIMSDKListener(second);
      await logIn(node, 'alice');
      equal(notes, <String>[]);
    });
  });

  test('a list that the program changes after the call counts as it was',
      () async {
    await withServer((node) async {
      await logIn(node, 'alice');
      await node.set(['--rate-calls', '1000']);
      final bob = await node.login('bob');
      await bob.client.addFriend('alice');
      await node.command(['account', 'create', 'cid']);
      final users = ['bob'];
      Future<C> emptied<C>(Future<C> Function(List<String> users) make) {
        final given = [...users];
        final answer = make(given);
        given.clear();
        return answer;
      }

      await manager.subscribeUserStatus(userIDList: ['cid']);
      final subscribed = await emptied(
        (users) => manager.subscribeUserStatus(userIDList: users),
      );
      equal(subscribed.code, 0);
      // The list must not treat the subscription to bob as its own and end it.
      final list = TIMUIKitContact()..addListener(() {});
      await until('bob is shown', () => list.rows.length == 2);
      final unsubscribed = await emptied(
        (users) => manager.unsubscribeUserStatus(userIDList: users),
      );
      equal(unsubscribed.code, 0);
      final friends = manager.getFriendshipManager();
      final infos =
          await emptied((users) => friends.getFriendsInfo(userIDList: users));
      equal([for (final one in infos.data!) one.friendInfo?.userID], users);
      final checked = await emptied(
        (users) => friends.checkFriend(
          userIDList: users,
          checkType: FriendTypeEnum.V2TIM_FRIEND_TYPE_BOTH,
        ),
      );
      equal([for (final one in checked.data!) one.userID], users);
      await bob.client.sendTextMessage('alice', 'hi');
      final conversations = manager.getConversationManager();
      final ids = ['c2c_bob', 'c2c_cid'];
      final deleting = conversations.deleteConversationList(
        conversationIDList: ids,
        clearMessage: true,
      );
      ids.add('c2c_dan');
      equal(
        [for (final one in (await deleting).data!) one.conversationID],
        ['c2c_bob', 'c2c_cid'],
      );
      list.dispose();
      await bob.client.close();
    });
  });

  test('conversations of one user are not deleted for the next one', () async {
    await withServer((node) async {
      await logIn(node, 'alice');
      await node.set(['--rate-calls', '1000']);
      final bob = await node.login('bob');
      final cid = await node.login('cid');
      await cid.client.sendTextMessage('bob', 'for bob');
      await bob.client.close();
      final sig = await node.sig('bob');
      final conversations = manager.getConversationManager();
      final deleting = conversations.deleteConversationList(
        conversationIDList: [for (var i = 0; i < 40; i++) 'c2c_cid'],
        clearMessage: true,
      );
      equal((await manager.login(userID: 'bob', userSig: sig)).code, 0);
      equal((await deleting).data?.last.resultCode, 6014);
      final page = await conversations.getConversationList(
        nextSeq: '0',
        count: 10,
      );
      equal(
        [for (final one in page.data!.conversationList!) one?.userID],
        ['cid'],
      );
      await cid.client.close();
    });
  });

  test('a page may be as large as a number can be', () async {
    await withServer((node) async {
      await logIn(node, 'alice');
      final bob = await node.login('bob');
      final cid = await node.login('cid');
      await bob.client.sendTextMessage('alice', 'one');
      await cid.client.sendTextMessage('alice', 'two');
      final page = await manager.getConversationManager().getConversationList(
            nextSeq: '1',
            count: 0x7fffffffffffffff,
          );
      equal(
        (page.data?.conversationList?.length, page.data?.isFinished),
        (1, true),
      );
      await bob.client.close();
      await cid.client.close();
    });
  });

  test('a listener to conversations may add one, log out, and end everything',
      () async {
    await withServer((node) async {
      final notes = <String>[];
      final conversations = manager.getConversationManager();
      final inner = V2TimConversationListener(
        onTotalUnreadMessageCountChanged: (count) => notes.add('inner $count'),
      );
      await logIn(node, 'alice');
      final bob = await node.login('bob');
      await bob.client.sendTextMessage('alice', 'one');
      await conversations.addConversationListener(
        listener: V2TimConversationListener(
          onSyncServerStart: () => notes.add('start'),
          onNewConversation: (list) {
            notes.add('new ${list.single.unreadCount}');
            conversations.addConversationListener(listener: inner);
          },
          onTotalUnreadMessageCountChanged: (count) {
            notes.add('unread $count');
            manager.unInitSDK();
          },
          onSyncServerFinish: () => notes.add('finish'),
        ),
      );
      await until('it is told', () => notes.contains('unread 1'));
      // After this there is no listener.
      equal(notes, ['start', 'new 1', 'unread 1']);
      notes.clear();
      await conversations.addConversationListener(
        listener: V2TimConversationListener(
          onTotalUnreadMessageCountChanged: (count) => notes.add('$count'),
          onSyncServerFinish: () => notes.add('finish'),
        ),
      );
      await logIn(node, 'alice');
      await until('it is told anew', () => notes.contains('finish'));
      equal(notes, ['1', 'finish']);
      await bob.client.close();
    });
  });
}
