/// Tests links and servers that break, with a real server.
library;

import 'dart:async';
import 'dart:io';

import 'package:lamplight/io.dart';
import 'package:lamplight/lamplight.dart';

import '../support/node.dart';
import '../support/runner.dart';

/// A connector with links that the test can cut.
final class _Cutter {
  final Connector _connect = ioConnector();
  _CutLink? _link;

  Link connect(Uri server) => _link = _CutLink(_connect(server));

  /// Cuts the current link, as a failing network does.
  void cut() => _link!.cut();
}

final class _CutLink implements Link {
  _CutLink(this._inner);

  final Link _inner;
  final StreamController<String> _messages = StreamController(sync: true);

  void cut() {
    _messages.addError(const SocketException('cut'));
    _inner.close();
  }

  @override
  Future<void> get ready => _inner.ready.then((_) {
        _inner.messages.listen(
          _messages.add,
          onError: _messages.addError,
          onDone: _messages.close,
        );
      });

  @override
  Stream<String> get messages => _messages.stream;

  @override
  void send(String text) => _inner.send(text);

  @override
  void close() => _inner.close();
}

void main() {
  nodeTest(
      'a friend to whom another device has subscribed meanwhile stays watched',
      (node) async {
    await node.set(['--friend-notification', 'on']);
    final ann = await node.login('ann');
    final phone = await node.login('me', platform: DevicePlatform.android);
    final mac = await node.login('me', platform: DevicePlatform.mac);
    await node.login('bob');
    for (final friend in ['ann', 'bob']) {
      await mac.client.addFriend(friend);
    }
    await until('the phone watches both', () {
      return phone.of('ann') == 'online' && phone.of('bob') == 'online';
    });
    phone.client.appPaused();
    await mac.client.subscribeUserStatus(['ann']);
    phone.client.appResumed();
    await until('the phone is back', () => phone.client.isConnected);

    await mac.client.deleteFriends(['ann', 'bob']);
    await until('bob has left', () => phone.of('bob') == 'nothing');
    equal(phone.of('ann'), 'online');
    equal(phone.told<SubscriptionsChangedEvent>().single.subscribed, ['ann']);
    await ann.client.setSelfStatus('here');
    await until(
      'the phone is told',
      () => phone.statusesOf('ann').last == 'online here',
    );
  });

  nodeTest('nobody is seen to leave when the server is killed and comes back',
      (node) async {
    final alice = await node.login('alice');
    final bob = await node.login('bob');
    await alice.client.subscribeUserStatus(['bob']);
    await bob.client.subscribeUserStatus(['alice']);
    await bob.client.setSelfStatus('busy');
    await until('alice is told', () => alice.statusesOf('bob').length == 2);

    await node.kill();
    for (final one in [alice, bob]) {
      await until(
        '${one.user} has lost the link',
        () => one.told<DisconnectedEvent>().isNotEmpty,
      );
      equal(one.of('alice'), 'online', 'what was known last');
    }
    // The call waits for the link, and the restarted server answers it.
    final asked = alice.client.getUserStatus(['bob']);
    await node.restart();
    equal((await asked).statuses.single.customStatus, 'busy');
    for (final one in [alice, bob]) {
      await until('${one.user} is back', () => one.client.isConnected);
      equal(one.told<ConnectedEvent>().last.isResumed, true);
    }
    await bob.client.setSelfStatus('back');
    await until(
      'alice is told',
      () => alice.statusesOf('bob').last == 'online back',
    );
    equal(
      alice.statusesOf('bob'),
      ['online', 'online busy', 'online back'],
    );
    equal(bob.statusesOf('alice').toSet(), {'online'});
    equal(alice.told<NotWatchedEvent>(), <NotWatchedEvent>[]);
    await alice.client.close();
    await bob.client.close();
  });

  nodeTest('what happened while the link was broken is told once',
      (node) async {
    final cutter = _Cutter();
    final alice = Watcher(node.client(connector: cutter.connect), 'alice');
    await alice.client.login('alice', await node.sig('alice'));
    final bob = await node.login('bob');
    final cid = await node.login('cid');
    await alice.client.subscribeUserStatus(['bob', 'cid']);
    alice.client.appPaused();
    await until('the link is closed', () => !alice.client.isConnected);
    await until(
      'alice is seen to be away',
      () => alice.told<DisconnectedEvent>().isNotEmpty,
    );
    await bob.client.setSelfStatus('one');
    await bob.client.setSelfStatus('two');
    await bob.client.sendTextMessage('alice', 'are you there?');
    alice.events.clear();
    alice.client.appResumed();
    await until('alice is back', () => alice.client.isConnected);
    await until(
      'the lists are known to be outdated',
      () => alice.told<ListsOutdatedEvent>().isNotEmpty,
    );
    equal(alice.statusesOf('bob'), ['online two']);
    equal(alice.statusesOf('cid'), <String>[]);
    final page = await alice.client.getConversationPage();
    equal(page.totalUnread, 1);
    final [outdated] = alice.told<ListsOutdatedEvent>();
    equal(page.listsVersion, outdated.listsVersion);
    for (final one in [alice, bob, cid]) {
      await one.client.close();
    }
  });

  nodeTest('a list that the server has given up is subscribed to again',
      (node) async {
    await node.set(['--subscription-retention', '0', '--rate-calls', '1000']);
    final cutter = _Cutter();
    final alice = Watcher(node.client(connector: cutter.connect), 'alice');
    await alice.client.login('alice', await node.sig('alice'));
    final users = [for (var i = 0; i < 150; i++) 'user_$i'];
    await node.command(['account', 'create', ...users]);
    await alice.client.subscribeUserStatus(users.take(100));
    await alice.client.subscribeUserStatus(users.skip(100));
    final other = await node.login('other');
    await other.client.subscribeUserStatus(['alice']);
    alice.client.appPaused();
    // When the link ends, the server drops the subscription list.
    await until('away', () => other.of('alice') == 'offline');
    alice.client.appResumed();
    await untilSubscribed(alice.client, users);
    equal(alice.told<NotWatchedEvent>(), <NotWatchedEvent>[]);
    equal(alice.client.cachedStatuses.length, 151);
    await alice.client.close();
    await other.client.close();
  });

  nodeTest('a hundred reconnects leave nothing behind', (node) async {
    final cutter = _Cutter();
    final alice = Watcher(node.client(connector: cutter.connect), 'alice');
    await alice.client.login('alice', await node.sig('alice'));
    await node.command(['account', 'create', 'bob']);
    await alice.client.subscribeUserStatus(['bob']);

    Future<void> reconnect() async {
      alice.events.clear();
      cutter.cut();
      await until('it is lost', () => !alice.client.isConnected);
      alice.client.networkChanged();
      await until('it is back', () => alice.client.isConnected);
      await alice.client.setSelfStatus('still here');
    }

    int sockets() => Directory('/proc/self/fd').listSync().length;
    for (var i = 0; i < 20; i++) {
      await reconnect();
    }
    final before = sockets();
    // Garbage makes the memory grow in some rounds; a leak would in all rounds.
    final grown = <int>[];
    while (grown.length < 5 && grown.every((bytes) => bytes >= 2 << 20)) {
      final memory = ProcessInfo.currentRss;
      for (var i = 0; i < 100; i++) {
        await reconnect();
      }
      grown.add(ProcessInfo.currentRss - memory);
    }
    await until('the sockets are closed', () => sockets() <= before);
    check(grown.last < 2 << 20, 'the memory grows in each round: $grown');
    equal((await alice.client.getSubscriptions()).users, ['bob']);
    equal(alice.statusesOf('bob'), <String>[], 'nothing had changed');
    await alice.client.close();
  });

  nodeTest('a server that stops hands its clients over', (node) async {
    final alice = await node.login('alice');
    await node.stop();
    await until(
      'it is told',
      () => alice.told<DisconnectedEvent>().isNotEmpty,
    );
    equal(
      alice.told<DisconnectedEvent>().single.why.kind,
      LinkEndKind.moved,
    );
    await node.restart();
    await until('alice is back', () => alice.client.isConnected);
    await alice.client.close();
  });
}
