/// Runs a script with the ledger. The beginning of ledger.txt describes the
/// language of the scripts.
library;

import 'package:lamplight/lamplight.dart';
import 'package:lamplight/src/models/calls.dart';
import 'package:lamplight/src/models/ledger.dart';

/// Runs a script. Fails at the first line whose expectation is not met.
void runLedgerScript(String script) {
  final play = _Script();
  for (final line in script.split('\n')) {
    final command = line.replaceFirst(RegExp('#.*'), '').trim();
    if (command.isNotEmpty) {
      try {
        play.run(command);
      } on Object catch (error) {
        throw StateError('at "$command": $error');
      }
    }
  }
}

class _Script {
  final Ledger _ledger = Ledger();
  int _now = 1000000;
  int _version = 0;
  Call? _call;

  void run(String line) {
    final [verb, ...words] = line.split(RegExp(r'\s+'));
    switch (verb) {
      case 'login':
        _ledger.loggedIn(words.first, _users(words.skip(1)));
      case 'logout':
        _ledger.loggedOut();
      case 'turn':
        _ledger.turn(words.first == 'on');
      case 'allowed':
        _ledger.allowed(words.isEmpty ? null : _abilities(words));
      case 'gate':
        _equal(_ledger.refusal == null ? 'open' : 'closed', words.first);
      case 'refresh':
        _ledger.refresh();
      case 'show':
        final [name, rest] = line.substring(5).split(':');
        final [listed, ...seen] = rest.split('|');
        _ledger.show(
          name,
          View(
            listed: _users(listed.split(' ')),
            onScreen: _users((seen.isEmpty ? listed : seen.first).split(' ')),
          ),
          _now,
        );
      case 'hide':
        _ledger.hide(words.first, _now);
      case 'wait':
        _now += int.parse(words.first);
      case 'told':
        _ledger.told(_statuses(words), _now);
      case 'app+':
        _ledger.applicationSubscribed(_users(words), const []);
      case 'app-':
        _ledger.applicationUnsubscribed(_users(words));
      case 'device+':
        _ledger.listChanged(_users(words), const []);
      case 'device-':
        _ledger.listChanged(const [], _users(words));
      case '->':
        _expectCall(words);
      case '<-':
        _answer(words);
      case 'dots':
        _equal(
          [
            for (final user in words.map((word) => word.split('=').first))
              '$user=${_ledger.shown(user)?.type.number ?? 'none'}',
          ].join(' '),
          words.join(' '),
        );
      case 'own':
        _equal(
          (_ledger.own.toList()..sort()).join(' '),
          (_users(words)..sort()).join(' '),
        );
      default:
        throw StateError('no such verb');
    }
  }

  Abilities _abilities(List<String> words) {
    final isOn = words.first == 'on';
    final batch = words.length > 1 ? int.parse(words[1]) : 500;
    return Abilities(
      statusesOfOthers: isOn,
      refusalCode: isOn ? 0 : LamplightCode.statusSwitchedOff,
      queryBatch: batch,
      subscribeBatch: batch,
      unsubscribeBatch: batch,
    );
  }

  void _expectCall(List<String> words) {
    final next = _ledger.next(_now);
    final [kind, ...rest] = words;
    if (kind != 'nothing') {
      _equal(_textOf(next), [kind, ..._users(rest)].join(' '));
      _call = next is MakeCall ? next.call : null;
      return;
    }
    _equal(_textOf(next), 'nothing');
    if (rest.isNotEmpty && next is WaitUntil) {
      final at = next.at;
      _equal(at == null ? 'Infinity' : '${at - _now}', rest.first);
    }
  }

  void _answer(List<String> words) {
    final call = _call;
    _call = null;
    if (call == null) {
      throw StateError('nothing was asked');
    }
    if (words.firstOrNull == 'refused') {
      _ledger.refused(call, int.parse(words[1]), _now);
      return;
    }
    final failed = [
      for (final word in words)
        if (word.endsWith('!')) word.substring(0, word.length - 1),
    ];
    switch (call.kind) {
      case CallKind.read:
        _ledger.read(
          words.first == 'none'
              ? null
              : (users: _users(words.skip(1)), limit: int.parse(words.first)),
          _now,
        );
      case CallKind.query:
        final found = _statuses(words.where((word) => word.contains('=')));
        _ledger.queried(call.users, found, failed, _now);
      case CallKind.subscribe:
        final evicted = [
          for (final word in words)
            if (word.startsWith('-')) word.substring(1),
        ];
        _ledger.subscribed(call.users, const [], failed, evicted, _now);
      case CallKind.unsubscribe:
        _ledger.unsubscribed(call.users);
    }
  }

  List<UserStatus> _statuses(Iterable<String> words) => [
        for (final word in words)
          if (RegExp(r'^(\w+)=(\d)(?:@(\d+))?$').firstMatch(word)
              case final match?)
            UserStatus(
              userId: match[1]!,
              type: StatusType.values[int.parse(match[2]!)],
              version: BigInt.parse(match[3] ?? '${_version += 1}'),
            ),
      ];
}

/// Expands ranges: `u1..u3` means u1 u2 u3.
List<String> _users(Iterable<String> words) => [
      for (final word in words.where((word) => word.isNotEmpty))
        if (RegExp(r'^([a-z]+)(\d+)\.\.[a-z]+(\d+)$').firstMatch(word)
            case final match?)
          for (var i = int.parse(match[2]!); i <= int.parse(match[3]!); i++)
            '${match[1]}$i'
        else
          word,
    ];

String _textOf(Next next) => switch (next) {
      MakeCall(:final call) => [call.kind.name, ...call.users].join(' '),
      WaitUntil() => 'nothing',
    };

void _equal(Object? actual, Object? expected) {
  if (actual != expected) {
    throw StateError('is $actual');
  }
}
