/// The block list of a session, as the listeners know it.
library;

import '../model/codes.dart';
import '../model/exception.dart';
import '../models/kit.dart';
import '../models/pause.dart';
import '../client.dart';
import 'listeners.dart';
import 'shapes.dart';
import 'types.dart';

/// The number of profiles that are read with one call.
const _batch = 100;

/// The block list of a client. Reports its changes to the listeners. Changes
/// that were made while the link was broken are reported only if the list was
/// read before.
final class BlackList {
  /// Creates a list that was not read yet. [tell] calls all listeners.
  BlackList(this._client, this._kit, this._tell);

  final LamplightClient _client;
  final ListKit _kit;
  final void Function(void Function(V2TimFriendshipListener listener) what)
      _tell;

  /// The blocked users; null until the list was read.
  Set<String>? _users;

  /// Whether changes were missed, and the list was not read since.
  bool _isOutdated = false;

  /// The number of attempts to read the list again. Only the last one counts.
  int _attempt = 0;
  Pause? _pausing;

  /// Reads the list, with the profiles of its users.
  Future<List<V2TimFriendInfo>> read() async {
    final read = await _client.getBlockList();
    final users = [for (final one in read.blocked) one.userId];
    _users = users.toSet();
    _isOutdated = false;
    return _infosOf(users);
  }

  /// Reports users who were blocked.
  void added(List<String> users) {
    final isNew = [
      for (final user in users)
        if (_users?.add(user) ?? true) user,
    ];
    if (isNew.isNotEmpty) {
      final infos = [for (final user in isNew) _infoOf(user)];
      _tell((listener) => listener.onBlackListAdd([...infos]));
    }
  }

  /// Reports users who are not blocked any more.
  void deleted(List<String> users) {
    final gone = [
      for (final user in users)
        if (_users?.remove(user) ?? true) user,
    ];
    if (gone.isNotEmpty) {
      _tell((listener) => listener.onBlackListDeleted([...gone]));
    }
  }

  /// Reads the list again, because the server could not send all changes.
  Future<void> outdated() async {
    if (_users != null) {
      _isOutdated = true;
      await _readAgain(_attempt += 1);
    }
  }

  /// Reads the list again after a reconnect, if an earlier attempt has failed.
  Future<void> connected() async {
    if (_isOutdated) {
      await _readAgain(_attempt += 1);
    }
  }

  /// Reads the list and reports the differences, unless a later attempt has
  /// begun. After a refusal because of the rate limit, waits and reads again.
  /// After another failure, the list stays outdated until the next reconnect.
  Future<void> _readAgain(int attempt) async {
    _pausing?.end();
    for (var request = 1; attempt == _attempt; request += 1) {
      try {
        final read = await _client.getBlockList();
        if (attempt != _attempt) {
          return;
        }
        _isOutdated = false;
        final now = {for (final one in read.blocked) one.userId};
        final before = {...?_users};
        deleted([...before.difference(now)]);
        added([...now.difference(before)]);
        return;
      } on LamplightException catch (error) {
        final isRefused = error.code == LamplightCode.calledTooOften;
        if (!isRefused || request == mostRequests || attempt != _attempt) {
          return;
        }
      }
      await (_pausing = Pause(ratePause)).over;
    }
  }

  /// Forgets the list at the end of a session.
  void forget() {
    _users = null;
    _isOutdated = false;
    _attempt += 1;
    _pausing?.end();
  }

  V2TimFriendInfo _infoOf(String userId) => switch (_kit.friend(userId)) {
        final friend? => friendInfoOf(friend),
        null => V2TimFriendInfo(userID: userId),
      };

  Future<List<V2TimFriendInfo>> _infosOf(List<String> users) async {
    final strangers = [
      for (final user in users)
        if (_kit.friend(user) == null) user,
    ];
    final profiles = {
      for (var from = 0; from < strangers.length; from += _batch)
        for (final one in (await _client
                .getUsersInfo(strangers.skip(from).take(_batch)))
            .profiles)
          one.userId: one,
    };
    return [
      for (final user in users)
        if (profiles[user] case final profile?)
          V2TimFriendInfo(userID: user, userProfile: fullInfoOf(profile))
        else
          _infoOf(user),
    ];
  }
}
