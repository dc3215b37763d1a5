/// Tests names, letters, times and rows with the cases of the web kit.
library;

import 'package:lamplight/lamplight.dart';
import 'package:lamplight/models.dart';
import 'package:lamplight/src/models/pinyin.dart';
import 'package:lamplight/src/models/rows.dart';

import '../support/runner.dart';
import 'cases.dart';

void main() {
  final rows = readJsonCases('rows.json');
  final times = readJsonCases('times.json');
  final remaining = readJsonCases('remaining.json');

  test('names: remark, nick, id', () {
    for (final one in casesOf(rows, 'names')) {
      final (remark, nick) = (one['remark']! as String, one['nick']! as String);
      final user = one['userID']! as String;
      final profile = UserProfile(userId: user, nick: nick);
      for (final name in [
        nameOf(remark, nick, user),
        if (remark.isEmpty) profile.displayName,
        Friend(userId: user, profile: profile, remark: remark).displayName,
        Conversation(peer: user, profile: profile, remark: remark).displayName,
      ]) {
        equal(name, one['name']);
      }
    }
  });

  test('initials', () {
    for (final one in casesOf(rows, 'initials')) {
      equal(initialsOf(one['name']! as String), one['initials']);
    }
  });

  test('a tint stays with its user, and all are used', () {
    equal({for (var i = 0; i < 200; i++) tintOf('user$i')}.length, tints);
    // These are the numbers in the web kit.
    equal(['alice', 'bob', '陈晓'].map(tintOf).toList(), [3, 0, 2]);
  });

  test('letters', () {
    for (final one in casesOf(rows, 'letters')) {
      equal(letterOf(one['reading']! as String), one['letter']);
    }
    equal(letterOf('e\u0301mile'), 'E');
  });

  test('pinyin: surnames are read as such, what is not Chinese stays', () {
    equal(pinyinOf('曾国'), 'zeng guo');
    equal(pinyinOf('尉迟恭'), 'yu chi gong');
    equal(pinyinOf('陈A'), 'chen A');
  });

  for (final one in casesOf(rows, 'contacts')) {
    test('contacts: ${one['name']}', () {
      final contacts = Contacts(
        [
          for (final [id, nick] in _pairs(one['friends']))
            Friend(userId: id, profile: UserProfile(userId: id, nick: nick)),
        ],
        pinyin: one['pinyin'] == true ? pinyinOf : null,
      );
      final drawn = contacts.rows((_) => null);
      equal(
        [
          for (final row in drawn)
            switch (row) {
              LetterRow(:final letter) => '$letter:',
              FriendRow(:final name) => name,
            },
        ].join(' '),
        one['rows'],
      );
      equal(contacts.users, one['users'] ?? contacts.users);
      equal(contacts.letters, one['letters'] ?? contacts.letters);
      equal(
        [for (final row in drawn.whereType<FriendRow>()) row.place],
        [for (var i = 1; i <= contacts.users.length; i++) i],
      );
      for (final MapEntry(key: letter, value: at) in contacts.letters.entries) {
        equal((drawn[at] as LetterRow).letter, letter);
      }
    });
  }

  for (final one in casesOf(rows, 'order')) {
    test('order: ${one['name']}', () {
      final sorted = inOrder([
        for (final entry in casesOf(one, 'conversations'))
          // Lamplight has no groups, so their conversations are skipped.
          if ((entry['id']! as String).startsWith('C2C'))
            _conversation(
              (entry['id']! as String).substring(3),
              at: entry['time'] as int?,
              isPinned: entry['pinned'] == true,
            ),
      ]);
      equal([for (final row in sorted) row.peer], one['peers']);
    });
  }

  test('order: equal ones stay as they come', () {
    final sorted = inOrder('bca'.split('').map(_conversation));
    equal([for (final row in sorted) row.peer], ['b', 'c', 'a']);
  });

  test('summaries', () {
    for (final one in casesOf(rows, 'summaries')) {
      final text = one['text'] as String?;
      final (:isDraft, text: summary) = summaryOf(
        _conversation('a', at: text == null ? null : 1, text: text ?? ''),
        one['draft']! as String,
        ListWords.english,
      );
      equal((isDraft, summary), (one['isDraft'], one['summary']));
    }
    for (final (description, summary) in [
      ('', '[Custom message]'),
      ('an order', 'an order'),
    ]) {
      final message = Message(
        from: 'a',
        to: 'me',
        sequence: 1,
        custom: CustomContent(data: '{}', description: description),
      );
      final row = Conversation(
        peer: 'a',
        profile: const UserProfile(userId: 'a'),
        lastMessage: message,
      );
      equal(summaryOf(row, '', ListWords.english).text, summary);
    }
  });

  test('badges', () {
    for (final one in casesOf(rows, 'badges')) {
      equal(badgeOf(one['unread']! as int), one['badge']);
    }
    equal(badgeOf(0), '');
  });

  test('a row has what a widget draws', () {
    final row = conversationRowOf(
      _conversation('maya', at: 60, text: 'hello', isPinned: true, unread: 3),
      words: ListWords.chinese,
      now: DateTime.fromMillisecondsSinceEpoch(120000, isUtc: true),
      status: rowStatusOf(
        _status(StatusType.online, 'away'),
        ListWords.chinese,
      ),
    );
    equal(
      (row.name, row.initials, row.summary, row.time, row.badge, row.isPinned),
      ('maya', 'M', 'hello', '1分钟前', '3', true),
    );
    equal(
      row.status,
      const RowStatus(
        type: StatusType.online,
        dot: Dot.online,
        label: '在线',
        customStatus: 'away',
      ),
    );
  });

  test('a dot and its label', () {
    for (final (type, isStale, dot, label) in [
      (StatusType.online, false, Dot.online, 'Online'),
      (StatusType.offline, false, Dot.offline, 'Offline'),
      (StatusType.unlogined, false, Dot.offline, 'Not logged in'),
      (StatusType.online, true, Dot.stale, 'Last known: Online'),
      (StatusType.unknown, false, null, null),
      (null, false, null, null),
    ]) {
      final status = rowStatusOf(
        type == null ? null : _status(type),
        ListWords.english,
        isStale: isStale,
      );
      equal((status?.dot, status?.label), (dot, label));
    }
  });

  test('moments in a list, and days between messages', () {
    // 15:30 in Shanghai, written as UTC.
    final now = DateTime.utc(2026, 11, 24, 15, 30);
    for (final (name, tell) in [('list', listTime), ('days', dayText)]) {
      for (final one in casesOf(times, name)) {
        final at = now.subtract(Duration(milliseconds: one['ago']! as int));
        equal(tell(at, now, ListWords.english.times), one['en']);
        equal(tell(at, now, ListWords.chinese.times), one['zh']);
      }
    }
  });

  test('the time until the end of a custom status', () {
    // 15:30 in Shanghai, written as UTC.
    final now = DateTime.utc(2026, 11, 24, 15, 30);
    for (final one in casesOf(remaining, 'remaining')) {
      final end = now.add(Duration(milliseconds: one['left']! as int));
      for (final words in [ListWords.english, ListWords.chinese]) {
        equal(remainingText(end, now, words.times), one[words.language]);
      }
    }
  });

  test('a row has the end of a custom status', () {
    final end = DateTime.utc(2026, 11, 24, 16);
    final status = UserStatus(
      userId: 'a',
      type: StatusType.online,
      version: BigInt.one,
      customStatus: 'out',
      customExpires: end,
    );
    equal(rowStatusOf(status, ListWords.english)?.customExpires, end);
  });

  test('languages', () {
    for (final one in casesOf(times, 'languages')) {
      equal(ListWords.of(one['language']! as String).language, one['words']);
    }
  });
}

Iterable<List<String>> _pairs(Object? friends) => [
      for (final pair in friends! as List<Object?>)
        (pair! as List<Object?>).cast<String>(),
    ];

UserStatus _status(StatusType type, [String customStatus = '']) => UserStatus(
      userId: 'a',
      type: type,
      version: BigInt.one,
      customStatus: customStatus,
    );

Conversation _conversation(
  String peer, {
  int? at,
  String text = '',
  bool isPinned = false,
  int unread = 0,
}) =>
    Conversation(
      peer: peer,
      profile: UserProfile(userId: peer),
      isPinned: isPinned,
      unread: unread,
      lastMessage: at == null
          ? null
          : Message(
              from: peer,
              to: 'me',
              sequence: 1,
              text: text,
              time: DateTime.fromMillisecondsSinceEpoch(
                at * 1000,
                isUtc: true,
              ),
            ),
    );
