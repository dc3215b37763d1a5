/// Tests listeners of lists that throw errors, that remove each other, or that
/// are never removed. Also tests the end of a kit during calls.
library;

import 'dart:async';
import 'dart:convert';

import 'package:lamplight/lamplight.dart';
import 'package:lamplight/models.dart';

import '../support/gate.dart';
import '../support/node.dart';
import '../support/runner.dart';
import '../support/timers.dart';
import 'kit_test.dart' show friendOfAlice, withKit;

/// A memory in which every read and write fails.
final class _BrokenMemory implements SubscriptionMemory {
  @override
  List<String> recall(String account) => throw StateError('recall');

  @override
  void remember(String account, List<String> users) =>
      throw StateError('remember');
}

/// A server whose list of conversations never ends.
final class _EndlessList implements Link {
  final StreamController<String> _texts = StreamController();
  int _rows = 0;

  @override
  Future<void> get ready async {}

  @override
  Stream<String> get messages => _texts.stream;

  @override
  void send(String text) {
    final request = jsonDecode(text) as Map<String, Object?>;
    final kind = request.keys.singleWhere((key) => key != 'id');
    _texts.add(
      jsonEncode({
        'id': request['id'],
        kind: switch (kind) {
          'getConversationList' => {
              'conversations': [
                {'peer': 'u${_rows++}'},
              ],
              'next': '$_rows',
            },
          _ => const <String, Object?>{},
        },
      }),
    );
  }

  @override
  void close() => _texts.close().ignore();
}

ListKit _kit() => ListKit(
      LamplightClient(server: 'ws://127.0.0.1:1', appId: Node.app),
    );

void main() {
  test('a listener that throws keeps nothing from going on', () async {
    final errors = <Object>[];
    await runZonedGuarded(
      () => withKit((node, alice, kit) async {
        await node.set(['--rate-calls', '1000']);
        final bob = await friendOfAlice(node, 'bob');
        final carol = await friendOfAlice(node, 'carol');
        kit.addListener(() => throw StateError('of the kit'));
        var calls = 0;
        final list = ContactListModel(kit)
          ..addListener(() => throw StateError('of a list'))
          ..addListener(() => calls++);
        await kit.lists.friends.whole;
        await untilSubscribed(alice.client, ['bob', 'carol']);
        check(calls > 0, 'the other listener is called');
        calls = 0;
        await kit.lists.setFriendRemark('bob', 'Bobby');
        check(calls > 0, 'it is called again');
        // The kit still makes calls and handles their answers.
        kit.isShowOnlineStatus = false;
        await untilSubscribed(alice.client, []);
        list.dispose();
        await bob.client.close();
        await carol.client.close();
      }),
      (error, _) => errors.add(error),
    );
    check(errors.isNotEmpty, 'the errors go to the zone');
    check(errors.every((one) => one is StateError), 'and no other: $errors');
  });

  test('a memory that fails keeps nothing from going on', () async {
    final errors = <Object>[];
    final node = await Node.start();
    await runZonedGuarded(
      () async {
        await node.set(['--rate-calls', '1000']);
        final alice = await node.login('alice');
        final kit = ListKit(alice.client, memory: _BrokenMemory());
        final bob = await friendOfAlice(node, 'bob');
        final list = ContactListModel(kit)..addListener(() {});
        await untilSubscribed(alice.client, ['bob']);
        list.dispose();
        await kit.dispose();
        equal((await alice.client.getSubscriptions()).users, <String>[]);
        await alice.client.close();
        await bob.client.close();
      },
      (error, _) => errors.add(error),
    );
    await node.end();
    check(errors.isNotEmpty, 'the errors go to the zone');
    check(errors.every((one) => one is StateError), 'and no other: $errors');
  });

  test('a listener that another one removes is called no more', () async {
    final kit = _kit();
    final notes = <String>[];
    void second() => notes.add('second');
    void first() {
      notes.add('first');
      kit.removeListener(second);
    }

    kit
      ..addListener(first)
      ..addListener(second)
      ..language = 'zh';
    equal(notes, ['first']);

    // A model that another model's listener disposes of.
    var isEnding = false;
    final other = ConversationListModel(kit);
    ConversationListModel(kit).addListener(() {
      if (isEnding) other.dispose();
    });
    other.addListener(() => notes.add('other'));
    isEnding = true;
    kit.removeListener(first);
    notes.clear();
    kit.language = 'en';
    equal(notes, <String>[]);
    await kit.dispose();
    await kit.client.close();
  });

  test('a kit that ends stops the clocks of its lists, and reads no more',
      () async {
    final node = await Node.start();
    final sig = await node.sig('alice');
    final timers = Timers();
    await timers.run(() async {
      final client = node.client();
      await client.login('alice', sig);
      final kit = ListKit(client);
      final list = ContactListModel(kit)..addListener(() {});
      await until('the list is read', () => list.state is ListReady);
      const clock = 'every 0:00:30.000000';
      check(timers.waiting.contains(clock), 'there is a clock');
      await kit.dispose();
      check(!timers.waiting.contains(clock), 'the clock has stopped');
      equal((list.state is ListLoading, list.rows.length), (true, 0));
      list.retry();
      equal(list.state is ListLoading, true);
      // A list that is created after the end of the kit has no timer either.
      ConversationListModel(kit).addListener(() {});
      check(!timers.waiting.contains(clock), 'there is no clock');
      await client.close();
      await until('no timer is left', () => timers.waiting.isEmpty);
    });
    await node.end();
  });

  test('a long list is not waited for after the logout', () async {
    final timers = Timers();
    await timers.run(() async {
      final client = LamplightClient(
        server: 'ws://127.0.0.1:1',
        appId: Node.app,
        connector: (_) => _EndlessList(),
      );
      final kit = ListKit(client);
      await client.login('alice', 'sig');
      final whole = codeOf(() => kit.lists.conversations.whole);
      const pause = 'once after 0:00:00.500000';
      await until('it pauses', () => timers.waiting.contains(pause));
      await client.logout();
      // The lists receive the event in a microtask.
      await Future<void>(() {});
      equal(timers.waiting, <String>[]);
      equal(await whole, 6014);
      await kit.dispose();
      await client.close();
    });
  });

  test('what a call under way subscribes to is given back at the end', () async {
    final node = await Node.start();
    final gate = Gate();
    final client = node.client(connector: gate.connect);
    await client.login('alice', await node.sig('alice'));
    await node.set(['--rate-calls', '1000']);
    final bob = await friendOfAlice(node, 'bob');
    final other = await node.login('alice', platform: DevicePlatform.web);
    gate.shutsAt = '"subscribeUserStatus"';
    final kit = ListKit(client);
    final list = ContactListModel(kit)..addListener(() {});
    await untilSubscribed(other.client, ['bob']);
    await until('the answer is there', () => gate.held > 0);
    final ended = kit.dispose();
    gate.open();
    await ended;
    equal((await other.client.getSubscriptions()).users, <String>[]);
    list.dispose();
    for (final one in [client, bob.client, other.client]) {
      await one.close();
    }
    await node.end();
  });
}
