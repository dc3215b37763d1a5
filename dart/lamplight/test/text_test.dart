/// Tests that every public value has a readable text for logs, and not only the
/// name of its class.
library;

import 'dart:io';

import 'package:lamplight/lamplight.dart';

import 'support/package.dart';
import 'support/runner.dart';

void main() {
  test('every event and value of the package says its content', () {
    final classes = RegExp(
      r'^(?:final|base|abstract final|sealed)? ?class (\w+).*?^}',
      multiLine: true,
      dotAll: true,
    );
    for (final file in [
      'model/events',
      'model/exception',
      'model/lists',
      'model/results',
      'model/status',
      'models/rows',
    ]) {
      final path = '${packageFolder().path}/lib/src/$file.dart';
      final found = [
        for (final match in classes.allMatches(File(path).readAsStringSync()))
          // Sealed and private classes, and `Contacts`, need no text.
          if (!match[0]!.startsWith('sealed ') &&
              !match[1]!.startsWith('_') &&
              match[1] != 'Contacts')
            match,
      ];
      check(found.isNotEmpty, '$file has classes');
      for (final match in found) {
        check(
          match[0]!.contains('String toString() =>'),
          '${match[1]} has a toString',
        );
      }
    }
  });

  test('the text of an event has its parts, and no token and no message', () {
    const why = LinkEnd(LinkEndKind.closed, 'gone');
    for (final (value, text) in <(Object, String)>[
      (const ConnectingEvent(), 'ConnectingEvent()'),
      (
        const ConnectedEvent(isResumed: true),
        'ConnectedEvent(isResumed: true)'
      ),
      (
        const DisconnectedEvent(why, Duration(seconds: 2)),
        'DisconnectedEvent(LinkEnd(closed: gone), retry in 0:00:02.000000)'
      ),
      (const LoggedOutEvent(), 'LoggedOutEvent()'),
      (
        const KickedOfflineEvent(byPlatform: DevicePlatform.web),
        'KickedOfflineEvent(by Web)'
      ),
      (
        const MessagesReceivedEvent(
          [Message(from: 'a', to: 'b', sequence: 1, text: 'secret')],
        ),
        'MessagesReceivedEvent([Message(a to b, 1)])'
      ),
      (
        const SubscriptionsChangedEvent(['a'], ['b']),
        'SubscriptionsChangedEvent(+[a], -[b])'
      ),
      (const Subscriptions(['a'], 200), 'Subscriptions([a], limit 200)'),
      (
        const SubscribeResult(
          statuses: [],
          failures: [FailedUser('x', 70107, 'no')],
          evicted: ['y'],
          notWatched: [],
        ),
        'SubscribeResult([], failures [FailedUser(x, 70107: no)]'
            ', evicted [y], not watched [])'
      ),
      (
        LoginResult(
          serverTime: DateTime.utc(2026),
          registered: true,
          abilities: null,
          listsVersion: 3,
        ),
        'LoginResult(registered: true, lists version 3'
            ', 2026-01-01 00:00:00.000Z, null)'
      ),
      (const CustomContent(data: 'secret'), 'CustomContent(6 characters)'),
    ]) {
      equal('$value', text);
    }
  });
}
