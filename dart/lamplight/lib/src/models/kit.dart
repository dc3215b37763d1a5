/// The state that the lists of an application share: the client, its settings,
/// its lists and the statuses.
library;

import '../client.dart';
import '../model/lists.dart';
import '../tell.dart';
import 'lists_sync.dart';
import 'watcher.dart';

/// The most drafts that a kit keeps; beyond, the oldest goes.
const int mostDrafts = 1000;

/// The settings of all lists of an application, and their source.
///
/// Lists listen to it; an application makes one for its client and ends it
/// with [dispose]. Calls that change friends or conversations are to be made
/// through [lists], so that the lists know of them.
final class ListKit {
  /// Creates the source of all lists of a client, logged in or not.
  ListKit(
    this.client, {
    bool isShowOnlineStatus = true,
    String language = 'en',
    SubscriptionMemory? memory,
  })  : _isShowOnlineStatus = isShowOnlineStatus,
        _language = language {
    lists = ListsSync(client, onChange: _tell);
    statuses = StatusWatcher(
      client,
      isOn: isShowOnlineStatus,
      memory: memory,
      onChange: _tell,
    );
  }

  /// The client.
  final LamplightClient client;

  /// The lists of the own user, and the calls that change them.
  late final ListsSync lists;

  /// The statuses of the users whom the lists show.
  late final StatusWatcher statuses;

  final Set<void Function()> _listeners = {};
  final Map<String, String> _drafts = {};
  bool _isShowOnlineStatus;
  String _language;
  bool _isDisposed = false;

  /// The master switch of online statuses. Off: no list asks for a status,
  /// subscribes to one or shows one, whatever its own switch says.
  bool get isShowOnlineStatus => _isShowOnlineStatus;

  set isShowOnlineStatus(bool on) {
    if (on != _isShowOnlineStatus) {
      _isShowOnlineStatus = on;
      statuses.turn(on: on);
      _tell();
    }
  }

  /// The language of all lists that have none of their own: `en` or `zh`.
  String get language => _language;

  set language(String language) {
    if (language != _language) {
      _language = language;
      _tell();
    }
  }

  /// The drafts by peer.
  Map<String, String> get drafts => Map.unmodifiable(_drafts);

  /// The draft to a peer; empty: none.
  String draftTo(String peer) => _drafts[peer] ?? '';

  /// Keeps a draft to a peer, for as long as this kit lives. Empty: none.
  void setDraft(String peer, String text) {
    _drafts.remove(peer);
    if (text.isNotEmpty) {
      _drafts[peer] = text;
      if (_drafts.length > mostDrafts) {
        _drafts.remove(_drafts.keys.first);
      }
    }
    _tell();
  }

  /// The friend with this id, as far as the friend list is known.
  Friend? friend(String userId) => lists.friends.table[userId];

  /// Whether [dispose] was called. From then on lists show nothing.
  bool get isDisposed => _isDisposed;

  /// Calls back after each change of what lists show.
  void addListener(void Function() listener) => _listeners.add(listener);

  /// Stops calling back.
  void removeListener(void Function() listener) => _listeners.remove(listener);

  /// Gives back the subscriptions of the lists and lets go of the client,
  /// which stays logged in.
  Future<void> dispose() async {
    if (_isDisposed) {
      return;
    }
    _isDisposed = true;
    lists.dispose();
    final givenBack = statuses.dispose();
    // The models stop their clocks.
    _tell();
    _listeners.clear();
    await givenBack;
  }

  void _tell() => tellAll(_listeners, (listener) => listener());
}
