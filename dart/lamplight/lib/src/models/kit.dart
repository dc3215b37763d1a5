/// The objects that the list models of an application share: the client, the
/// settings, the lists and the statuses.
library;

import '../client.dart';
import '../model/lists.dart';
import '../tell.dart';
import 'lists_sync.dart';
import 'watcher.dart';

/// The maximum number of drafts in a kit. A further draft replaces the oldest.
const int mostDrafts = 1000;

/// The settings and data that all list models of an application share.
///
/// An application creates one kit for its client, passes it to the list models,
/// and ends it with [dispose]. Calls that change friends or conversations must
/// be made through [lists]; otherwise the lists do not show the changes.
final class ListKit {
  /// Creates the kit of a client. The client may be logged in or not.
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

  /// The lists of this user, with the calls that change them.
  late final ListsSync lists;

  /// The statuses of the users in the lists.
  late final StatusWatcher statuses;

  final Set<void Function()> _listeners = {};
  final Map<String, String> _drafts = {};
  bool _isShowOnlineStatus;
  String _language;
  bool _isDisposed = false;

  /// Whether lists show online statuses. If it is false, no list shows
  /// statuses, queries them or subscribes to them, even if the list's own
  /// `isShowOnlineStatus` is true.
  bool get isShowOnlineStatus => _isShowOnlineStatus;

  set isShowOnlineStatus(bool on) {
    if (on != _isShowOnlineStatus) {
      _isShowOnlineStatus = on;
      statuses.turn(on: on);
      _tell();
    }
  }

  /// The language of all lists that have no language of their own: `en` or
  /// `zh`.
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

  /// Stores a draft to a peer until [dispose]. An empty text removes the draft.
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

  /// The friend with this id; null if there is none, or if that part of the
  /// friend list was not read yet.
  Friend? friend(String userId) => lists.friends.table[userId];

  /// Whether [dispose] was called. The lists then have no rows.
  bool get isDisposed => _isDisposed;

  /// Adds a listener that is called after each change of the lists, the
  /// statuses or the settings.
  void addListener(void Function() listener) => _listeners.add(listener);

  /// Removes a listener.
  void removeListener(void Function() listener) => _listeners.remove(listener);

  /// Ends the subscriptions of the lists, and stops listening to the client.
  /// The client stays logged in.
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
