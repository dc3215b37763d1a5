/// Runs the scripts that the SDKs share. `crates/client/tests/sdk/README.md`
/// describes their language. The Dart SDK has further words: `paused` and
/// `resumed` are the application states of Flutter. `away` after the name
/// begins a scenario with a live client that is paused. `back` means `resumed`,
/// `up` and `answer login`.
library;

import 'dart:convert';
import 'dart:math';

import 'package:lamplight/lamplight.dart';
import 'package:lamplight/src/machine/machine.dart';
import 'package:lamplight/src/machine/request.dart';
import 'package:lamplight/src/machine/session.dart';
import 'package:lamplight/src/wire/server_message.dart';

import 'runner.dart';

/// For each operation of the scripts: the name of its field in messages.
const _fields = {
  'login': 'login',
  'resume': 'login',
  'logout': 'logout',
  'heartbeat': 'heartbeat',
  'set': 'setSelfStatus',
  'get': 'getUserStatus',
  'sub': 'subscribeUserStatus',
  'unsub': 'unsubscribeUserStatus',
  'list': 'getSubscriptions',
  'message': 'sendMessage',
  'read': 'markRead',
  'pin': 'pinConversation',
  'delete': 'deleteConversation',
  'history': 'getHistory',
  'conversations': 'getConversationList',
  'users': 'getUsersInfo',
  'nick': 'setSelfInfo',
  'friends': 'getFriendList',
  'befriend': 'addFriend',
  'unfriend': 'deleteFriends',
  'remark': 'setFriendRemark',
  'blocked': 'getBlockList',
  'block': 'blockUsers',
  'unblock': 'unblockUsers',
  'visibility': 'setVisibility',
};

/// The objects that an answer must contain in addition to those in the script.
const _needed = <String, Map<String, Object?>>{
  'sendMessage': {
    'message': {'from': 'me', 'to': 'ann', 'sequence': '1'},
  },
  'markRead': {
    'conversation': {'peer': 'ann'},
  },
  'pinConversation': {
    'conversation': {'peer': 'ann'},
  },
  'setSelfInfo': {
    'profile': {'userId': 'me'},
  },
  'addFriend': {
    'friend': {'userId': 'ann'},
  },
  'setFriendRemark': {
    'friend': {'userId': 'ann'},
  },
  'getBlockList': {'visibility': 'VISIBILITY_EVERYONE'},
};

/// A client under test: a machine, its clock, and its pending requests.
final class _Client {
  _Client(DevicePlatform platform)
      : _machine = Machine(
          (appId: 1, platform: platform, deviceId: 'device'),
        );

  final Machine _machine;
  int _now = 1000;
  double _jitter = 1;
  int timeout = 10000;
  int _calls = 0;

  /// The unanswered requests on the current link, the oldest first.
  final List<({String id, String field})> _asked = [];

  /// Processes a line, and returns the effects in the notation of the scripts.
  List<String> run(String line) {
    final [word, ...rest] = line.split(' ');
    switch (word) {
      case 'up':
        return _step(const LinkUpInput());
      case 'down':
        return _step(
          const LinkEndedInput(LinkEnd(LinkEndKind.closed, 'closed')),
        );
      case 'paused':
        return _step(const PausedInput());
      case 'resumed':
        return _step(const ResumedInput());
      case 'back':
        return [
          for (final step in const ['resumed', 'up', 'answer login'])
            ...run(step),
        ];
      case 'network':
        return _step(const NetworkChangedInput());
      case 'jitter':
        _jitter = double.parse(rest.single);
        return [];
      case 'timeout':
        timeout = int.parse(rest.single);
        return [];
      case 'wait':
        return _wait(_now + int.parse(rest.single));
      case 'sleep':
        _now += int.parse(rest.single);
        return _step(const TickInput());
      case 'next':
        final due = _machine.nextDeadline;
        if (due == null) return ['idle'];
        final span = max(0, due - _now);
        return ['after $span', ..._wait(max(due, _now))];
      case 'many':
        final call = rest.skip(1).join(' ');
        for (var made = 0; made < int.parse(rest.first); made++) {
          run(call);
        }
        return [];
      case 'cache':
        final held = _machine.cache.statuses;
        return [
          ['holds', for (final one in held) '${one.userId}:${one.version}']
              .join(' '),
        ];
      case 'subscriptions':
        return [
          ['holds', ...?_machine.session?.subscriptions].join(' '),
        ];
      case 'push':
        return _receive('0', 'statusChanged', {
          'statuses': _statuses(rest),
          'snapshotComplete': rest.contains('complete'),
        });
      case 'app':
        return _receive('0', 'appChanged', {
          'abilities': _abilities(isOn: rest.single == 'on'),
        });
      case 'changed':
        return _receive('0', 'subscriptionsChanged', {
          'subscribed': _signed(rest, '+'),
          'unsubscribed': [..._signed(rest, '-'), ..._signed(rest, '!')],
          'notWatched': _signed(rest, '!'),
        });
      case 'lists':
        return _receive('0', 'listsChanged', {
          'listsVersion': rest.first,
          'reload': rest.contains('reload'),
          'friends': [
            for (final user in _signed(rest, '~'))
              {'userId': user, 'mutual': false},
            for (final user in _signed(rest, '='))
              {'userId': user, 'mutual': true},
          ],
          'deletedFriends': _signed(rest, '-'),
        });
      case 'ended':
        return _receive('0', 'connectionEnded', {
          'cause': 'CAUSE_${rest.first}',
          if (rest.length > 1) 'retryAfterMs': int.parse(rest[1]),
        });
      case 'answer':
        return _answer(rest);
      case 'refuse':
        return _receive(
          _takeAsked(_fields[rest.first]!),
          'refusal',
          {'code': int.parse(rest[1]), 'message': 'no'},
        );
      case 'login':
        return _step(
          LoginInput(++_calls, _now + timeout, rest[0], rest[1]),
        );
      default:
        final request = _request(word, rest);
        return _step(CallInput(++_calls, _now + timeout, request));
    }
  }

  /// Advances the clock to [end]. Processes each deadline when it is due.
  List<String> _wait(int end) {
    final effects = <String>[];
    for (var turn = 0; turn < 100; turn++) {
      final due = _machine.nextDeadline;
      if (due == null || due > end) break;
      _now = max(due, _now);
      effects.addAll(_step(const TickInput()));
    }
    _now = end;
    return effects;
  }

  List<String> _answer(List<String> words) {
    final field = _fields[words.first]!;
    final id = _takeAsked(field);
    if (words.contains('as')) {
      final other = _fields[words.last]!;
      return _receive(id, other, {...?_needed[other]});
    }
    final spread = [
      for (final word in words)
        if (word.startsWith('spread=')) int.parse(word.substring(7)),
    ];
    final lists = [
      for (final word in words)
        if (word.startsWith('lists=')) word.substring(6),
    ];
    final statuses = _statuses(words);
    final failed = [
      for (final user in _signed(words, '-')) {'userId': user, 'code': 70107},
    ];
    return _receive(id, field, {
      ...?_needed[field],
      if (field == 'setSelfStatus')
        'status': statuses.single
      else
        'statuses': statuses,
      if (spread.isNotEmpty) 'reconnectSpreadMs': spread.single,
      if (lists.isNotEmpty) 'listsVersion': lists.single,
      if (failed.isNotEmpty) 'failures': failed,
      if (words.contains('repeated')) 'repeatedSend': true,
      'notWatched': _signed(words, '!'),
      'evicted': _signed(words, '<'),
      if (field == 'getSubscriptions') 'userIds': _signed(words, '+'),
      if (field == 'login') ...{
        'heartbeatTimeoutMs': 60000,
        'snapshotComplete': !words.contains('more'),
        'subscriptionsLost': words.contains('lost'),
        'subscriptions': _signed(words, '+'),
        if (words.contains('on') || words.contains('off'))
          'abilities': _abilities(isOn: words.contains('on')),
      },
    });
  }

  String _takeAsked(String field) {
    final at = _asked.indexWhere((one) => one.field == field);
    check(at >= 0, '$field was asked');
    return _asked.removeAt(at).id;
  }

  /// Passes a message through the parser, as if it came from a socket.
  List<String> _receive(String id, String field, Map<String, Object?> body) {
    final text = jsonEncode({'id': id, field: body});
    return _step(ReceivedInput(ServerMessage.parse(text)));
  }

  List<String> _step(Input input) => [
        for (final effect in _machine.step(input, _now, _jitter))
          if (_note(effect) case final String noted) noted,
      ];

  String? _note(Effect effect) {
    switch (effect) {
      case OpenLink():
        _asked.clear();
        return 'open';
      case CloseLink():
        _asked.clear();
        return 'close';
      case SendMessage(:final message):
        final id = message['id']! as String;
        final field = message.keys.singleWhere((key) => key != 'id');
        if (id != '0') _asked.add((id: id, field: field));
        return 'send ${_words(field, message[field]!)}'
            '${id == '0' ? ' unasking' : ''}';
      case AnswerCall(:final call):
        return 'call $call: ok';
      case FailCall(:final call, :final error):
        return 'call $call: ${error.code}';
      case Emit(:final event):
        final noted = _noteEvent(event);
        return noted == null ? null : '! $noted';
    }
  }
}

/// Returns the words that begin with this sign, with the sign removed.
List<String> _signed(Iterable<String> words, String sign) => [
      for (final word in words)
        if (word.startsWith(sign)) word.substring(1),
    ];

Map<String, Object?> _abilities({required bool isOn}) => {
      'statusesOfOthers': isOn,
      if (!isOn) 'refusalCode': 72001,
    };

List<Map<String, Object?>> _statuses(Iterable<String> words) => [
      for (final word in words)
        if (word.split(':') case [final user, final version])
          {
            'userId': user,
            'version': version,
            'statusType': 'STATUS_TYPE_ONLINE',
          },
    ];

String? _noteEvent(LamplightEvent event) => switch (event) {
      ConnectingEvent() => 'connecting',
      ConnectedEvent() => 'connected',
      ConnectFailedEvent(:final retryIn) =>
        'connect failed, again in ${retryIn.inMilliseconds}',
      DisconnectedEvent(:final retryIn) =>
        retryIn == null
            ? 'disconnected'
            : 'disconnected, again in ${retryIn.inMilliseconds}',
      StatusChangedEvent(:final statuses) => 'status ${([
          for (final one in statuses) '${one.userId}:${one.version}',
        ]..sort()).join(' ')}',
      LoginFailedEvent() => 'connect failed',
      LoggedOutEvent() => 'ended logged out',
      KickedOfflineEvent() => 'ended kicked by login',
      KickedByOperatorEvent() => 'ended kicked by operator',
      UserSigExpiredEvent() => 'ended expired',
      AccountDeletedEvent() => 'ended deleted',
      SupersededEvent() => 'ended superseded',
      LoginRefusedEvent(:final refusal) => 'ended refused ${refusal.code}',
      SubscriptionsChangedEvent(:final subscribed, :final unsubscribed) => [
          'subscriptions',
          for (final user in subscribed) '+$user',
          for (final user in unsubscribed) '-$user',
        ].join(' '),
      AbilitiesChangedEvent(:final abilities) =>
        'abilities ${abilities.statusesOfOthers ? 'on' : 'off'}',
      ListsOutdatedEvent() => 'lists outdated',
      // Other events of an SDK are not part of the scripts.
      _ => null,
    };

/// Builds the request of an operation.
Request _request(String word, List<String> words) => Request(
      _fields[word]!,
      switch (word) {
        'set' => {'customStatus': words.single},
        'get' ||
        'sub' ||
        'unsub' ||
        'users' ||
        'unfriend' ||
        'block' ||
        'unblock' =>
          {'userIds': words},
        'visibility' => {'visibility': words.single},
        'message' => {
            'to': words[0],
            'clientMessageId': words[1],
            'text': words[2],
          },
        'read' || 'pin' || 'delete' || 'history' => {'peer': words.single},
        'nick' => {'nick': words.single},
        'befriend' => {'userId': words.single},
        'remark' => {'userId': words[0], 'remark': words[1]},
        'logout' || 'list' || 'conversations' || 'friends' || 'blocked' =>
          const {},
        _ => throw CheckFailure('no input: $word'),
      },
    );

/// Converts a request to the notation of the scripts.
String _words(String field, Object body) {
  final parameters = body as Map<String, Object?>;
  var word = _fields.entries.firstWhere((one) => one.value == field).key;
  if (parameters['resume'] == true) word = 'resume';
  return [
    word,
    for (final name in const [
      'to',
      'clientMessageId',
      'text',
      'peer',
      'userId',
      'userSig',
      'nick',
      'remark',
      'customStatus',
      'visibility',
    ])
      if (parameters[name] case final String text) text,
    ...?(parameters['userIds'] as List<String>?),
    for (final known in (parameters['known'] as List<Object?>?) ?? const [])
      if (known case {'userId': final user, 'version': final version})
        '$user:$version',
  ].join(' ');
}

/// Replaces more than three equal effects in a row with one line that contains
/// their number.
List<String> _inShort(List<String> effects) {
  final shown = <String>[];
  for (var at = 0; at < effects.length;) {
    final effect = effects[at];
    final run = effects.skip(at).takeWhile((one) => one == effect).length;
    shown.addAll(run > 3 ? ['$run times $effect'] : List.filled(run, effect));
    at += run;
  }
  return shown;
}

/// Runs a scenario. Fails if an effect differs.
void _play(List<String> lines) {
  var at = 0;
  final options = <String>[];
  while (at < lines.length && !lines[at].startsWith('> ')) {
    options.add(lines[at++]);
  }
  final client = _Client(
    options.contains('platform web')
        ? DevicePlatform.web
        : DevicePlatform.linux,
  );
  for (final option in options.where((one) => one.startsWith('timeout '))) {
    client.run(option);
  }
  final isAway = options.contains('away');
  if (isAway || options.contains('live')) {
    ['login me sig', 'up', 'answer login me:1 ann:5'].forEach(client.run);
  }
  if (isAway) client.run('paused');
  while (at < lines.length) {
    final input = lines[at++].substring(2);
    final expected = <String>[];
    while (at < lines.length && lines[at].startsWith('  ')) {
      expected.add(lines[at++].trim());
    }
    equal(_inShort(client.run(input)), expected, 'after > $input');
  }
}

/// Runs the scenarios of a script, and returns how many there were. Fails with
/// all differences.
int playAll(String text) {
  final failures = <String>[];
  var played = 0;
  final scenarios = text.split(RegExp('^## ', multiLine: true)).skip(1);
  for (final scenario in scenarios) {
    final [title, ...lines] = [
      for (final line in const LineSplitter().convert(scenario))
        if (line.isNotEmpty && !line.startsWith('# ')) line.trimRight(),
    ];
    // These scenarios need events that only a browser has: a page that the user
    // leaves, or reports about the network or a sleep.
    if (lines.any((one) => one.startsWith('needs '))) continue;
    played++;
    try {
      _play(lines);
    } on Object catch (failure) {
      failures.add('$title\n$failure');
    }
  }
  check(failures.isEmpty, 'all agree:\n${failures.join('\n')}');
  return played;
}
