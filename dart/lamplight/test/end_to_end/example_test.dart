/// Tests the example of the package, with a real server.
library;

import 'dart:async';

import '../../example/lamplight_example.dart' as example;
import '../support/node.dart';
import '../support/runner.dart';

void main() {
  nodeTest('the example says what it sees', (node) async {
    final bob = await node.login('bob');
    final said = <String>[];
    final end = Completer<void>();
    final done = example.watch(
      server: node.url,
      user: 'alice',
      token: await node.sig('alice'),
      peer: 'bob',
      end: end.future,
      say: said.add,
    );
    await until('it has logged in', () => said.contains('bob is online '));
    await bob.client.setSelfStatus('here');
    await bob.client.sendTextMessage('alice', 'hello');
    await until('it has said all', () => said.length == 5);
    end.complete();
    await done;
    equal(
      said.toSet(),
      {
        'alice is online ',
        'bob is online ',
        'alice is online trying the Dart SDK',
        'bob is online here',
        'bob: hello',
        'the session is over',
      },
    );
    await bob.client.close();
  });
}
