/// The state that the list models of an application share: the client, the
/// settings, the lists and the statuses.
library;

import '../client.dart';
import '../model/lists.dart';
import '../tell.dart';
import 'lists_sync.dart';
import 'watcher.dart';

/// The most drafts that a kit keeps; beyond that, the oldest is dropped.
const int mostDrafts = 1000;

/// The common settings and the data of all list models of an application.
///
/// An application creates one for its client, passes it to the list models, and
/// ends it with [dispose]. Calls that change friends or conversations must be
/// made through [lists], so that the lists include these changes.
final class ListKit {
  /// Creates the kit of a client, which may be logged in or not.
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

  /// The master switch of online statuses. If it is off, no list queries,
  /// subscribes to or shows a status, whatever its own switch says.
  bool get isShowOnlineStatus => _isShowOnlineStatus;

  set isShowOnlineStatus(bool on) {
    if (on != _isShowOnlineStatus) {
      _isShowOnlineStatus = on;
      statuses.turn(on: on);
      _tell();
    }
  }

  /// The language of all lists without a language of their own: `en` or `zh`.
  String get language => _language;

  set language(String language) {
    if (language != _language) {
      _language = language;
      _tell();
    }
  }

  /// The drafts by peer.
  Map<String, String> get drafts => Map.unmodifiable(_drafts);

  /// The draft to a peer; empty if there is none.
  String draftTo(String peer) => _drafts[peer] ?? '';

  /// Stores a draft to a peer until the kit is disposed of. An empty text
  /// removes it.
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

  /// The friend with this id, if the friend is in the known part of the friend
  /// list.
  Friend? friend(String userId) => lists.friends.table[userId];

  /// Whether [dispose] was called. From then on lists show nothing.
  bool get isDisposed => _isDisposed;

  /// Adds a listener that is called after each change of what lists show.
  void addListener(void Function() listener) => _listeners.add(listener);

  /// Removes a listener.
  void removeListener(void Function() listener) => _listeners.remove(listener);

  /// Ends the subscriptions of the lists and releases the client, which stays
  /// logged in.
  Future<void> dispose() async {
    if (_isDisposed) {
      return;
    }
    _isDisposed = true;
    lists.dispose();
    final givenBack = statuses.dispose();
    // The models stop their timers.
    _tell();
    _listeners.clear();
    await givenBack;
  }

  void _tell() => tellAll(_listeners, (listener) => listener());
}
