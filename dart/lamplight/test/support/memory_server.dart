/// A server in memory, for tests of lists.
library;

import 'dart:async';
import 'dart:convert';

import 'package:lamplight/lamplight.dart';

/// A server that answers logins and requests for the friend list and
/// the block list.
final class MemoryServer implements Link {
  List<String> friends = ['ann', 'bob'];
  List<String> blocked = [];

  /// The version of the lists.
  String listsVersion = '1';

  /// The code with which the next requests for a list are refused; null if they
  /// are answered.
  int? refusal;

  /// The number of requests for the friend list, and for the block list.
  int asked = 0;
  int askedForBlocked = 0;
  StreamController<String> _texts = StreamController();

  Link connect(Uri server) {
    _texts = StreamController();
    return this;
  }

  @override
  Future<void> get ready => Future.value();

  @override
  Stream<String> get messages => _texts.stream;

  void say(Map<String, Object?> message) {
    if (!_texts.isClosed) {
      _texts.add(jsonEncode(message));
    }
  }

  @override
  void send(String text) {
    final message = jsonDecode(text) as Map<String, Object?>;
    final id = message['id'];
    if (message.containsKey('login')) {
      say({
        'id': id,
        'login': {'listsVersion': listsVersion, 'snapshotComplete': true},
      });
    } else if (message.containsKey('getBlockList')) {
      askedForBlocked += 1;
      say({
        'id': id,
        if (refusal != null)
          'refusal': {'code': refusal, 'message': 'no'}
        else
          'getBlockList': {
            'visibility': 'VISIBILITY_EVERYONE',
            'blocked': [
              for (final user in blocked) {'userId': user},
            ],
            'listsVersion': listsVersion,
          },
      });
    } else if (message.containsKey('getFriendList')) {
      asked += 1;
      say({
        'id': id,
        if (refusal != null)
          'refusal': {'code': refusal, 'message': 'no'}
        else
          'getFriendList': {
            'friends': [
              for (final user in friends)
                {
                  'userId': user,
                  'profile': {'userId': user},
                },
            ],
            'finished': true,
            'listsVersion': listsVersion,
          },
      });
    }
  }

  @override
  void close() => _texts.close().ignore();
}
