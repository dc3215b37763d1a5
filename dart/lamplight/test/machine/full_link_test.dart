/// Tests a link that has no room for further requests.
library;

import 'package:lamplight/src/machine/live_link.dart';
import 'package:lamplight/src/machine/machine.dart';

import '../support/runner.dart';
import '../support/script.dart';

void main() {
  test('calls that were under way go before those that waited', () {
    final sends = [
      for (var i = 0; i < maxInFlight; i++) 'message ann m$i hello',
    ];
    final script = [
      '## a full link breaks',
      'live',
      for (final send in sends) ...['> $send', '  send $send'],
      '> set hi',
      '> down',
      '  close',
      '  ! disconnected, again in 1000',
      '> next',
      '  after 1000',
      '  ! connecting',
      '  open',
      '> up',
      '  send resume me sig ann:5 me:1',
      '> answer login',
      '  ! connected',
      for (final send in sends) '  send $send',
      '> answer message',
      '  call 2: ok',
      '  send set hi',
    ];
    equal(playAll(script.join('\n')), 1);
  });

  test('calls past the bound are refused, and change nothing', () {
    final script = [
      '## too many calls',
      'live',
      '> down',
      '  close',
      '  ! disconnected, again in 1000',
      for (var i = 0; i < maxQueue; i++) '> get ann',
      '> get ann',
      '  call ${maxQueue + 2}: 7008',
      '> next',
      '  after 1000',
      '  ! connecting',
      '  open',
    ];
    equal(playAll(script.join('\n')), 1);
  });
}
