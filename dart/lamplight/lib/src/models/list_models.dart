/// The models of lists. Widgets draw the lists.
library;

import 'dart:async';

import '../model/codes.dart';
import '../model/lists.dart';
import '../tell.dart';
import 'calls.dart';
import 'kit.dart';
import 'lists_sync.dart';
import 'pinyin.dart';
import 'rows.dart';
import 'watcher.dart';
import 'words.dart';

/// The number of rows that count as visible before the widget calls
/// [ListModel.rowsOnScreen].
const int _firstOnScreen = 20;

/// The interval at which relative times such as "5 minutes ago" are updated.
const Duration _tick = Duration(seconds: 30);

int _views = 0;

/// The reason why the statuses of a list may be outdated, or are not shown.
sealed class ListTrouble {
  const ListTrouble();

  /// Returns the notice to show above the list.
  String notice(ListWords words);
}

/// The connection is lost. The list shows the last known statuses.
final class CutTrouble extends ListTrouble {
  const CutTrouble({required this.isConnecting});

  /// Whether an attempt to connect is in progress.
  final bool isConnecting;

  @override
  String notice(ListWords words) => '${words.cut} ${words.cutHint}';

  @override
  String toString() => 'CutTrouble(isConnecting: $isConnecting)';
}

/// The app does not allow statuses: it has switched them off, or its edition
/// does not have them.
final class WithheldTrouble extends ListTrouble {
  const WithheldTrouble(this.code);

  /// The code of the refusal: 72001 or 7013.
  final int code;

  @override
  String notice(ListWords words) => code == LamplightCode.statusSwitchedOff
      ? words.switchedOff
      : words.notInEdition;

  @override
  String toString() => 'WithheldTrouble($code)';
}

/// A model of a list. It requests statuses while it has a listener.
sealed class ListModel {
  ListModel._(
    this.kit, {
    required bool isShowOnlineStatus,
    required String? language,
    required DateTime Function() now,
  })  : _isShowOnlineStatus = isShowOnlineStatus,
        _language = language,
        _now = now;

  /// The kit with the data of the list.
  final ListKit kit;

  final String? _language;
  final DateTime Function() _now;
  final String _view = 'view-${_views += 1}';
  final Set<void Function()> _listeners = {};
  bool _isShowOnlineStatus;
  int _first = 0;
  int _last = _firstOnScreen - 1;
  Timer? _ticking;
  bool _isShowing = false;

  /// Whether this list shows online statuses. If it is false, the list queries
  /// no statuses, makes no subscriptions and shows no dots. The setting of the
  /// kit with the same name applies to all lists.
  bool get isShowOnlineStatus => _isShowOnlineStatus;

  set isShowOnlineStatus(bool on) {
    if (on != _isShowOnlineStatus) {
      _isShowOnlineStatus = on;
      _changed();
    }
  }

  /// Whether this list shows statuses: both its own switch and the kit's are
  /// on.
  bool get showsStatuses => _isShowOnlineStatus && kit.isShowOnlineStatus;

  /// The texts of this list, in its language.
  ListWords get words => ListWords.of(_language ?? kit.language);

  /// The state of the list.
  ListState get state;

  /// The reason why the statuses of this list may be outdated or are not shown;
  /// null if there is none.
  ListTrouble? get trouble {
    final StatusWatcher(:net, :refusal) = kit.statuses;
    if (net != Net.connected) {
      return CutTrouble(isConnecting: net == Net.connecting);
    }
    return showsStatuses && refusal != null ? WithheldTrouble(refusal) : null;
  }

  /// Reads the list again after a failed attempt.
  void retry();

  /// Adds a listener that is called after each change of the rows. The list
  /// begins to request statuses when it gets its first listener.
  void addListener(void Function() listener) {
    if (_listeners.isEmpty) {
      kit.addListener(_changed);
      _listeners.add(listener);
      _changed();
    } else {
      _listeners.add(listener);
    }
  }

  /// Removes a listener. A list without listeners requests nothing.
  void removeListener(void Function() listener) {
    if (_listeners.remove(listener) && _listeners.isEmpty) {
      _sleep();
    }
  }

  /// Sets the visible rows, from the index [first] to the index [last]. Their
  /// statuses are requested before all others.
  void rowsOnScreen(int first, int last) {
    if (first != _first || last != _last) {
      _first = first;
      _last = last;
      _show();
    }
  }

  /// Removes all listeners, so that the model does not request anything any
  /// more.
  void dispose() {
    _listeners.clear();
    _sleep();
  }

  RowStatus? _statusOf(String userId) => showsStatuses
      ? rowStatusOf(
          kit.statuses.shown(userId),
          words,
          isStale: kit.statuses.net != Net.connected,
        )
      : null;

  /// The users of the list, in its order. The Dart list is the same object as
  /// long as the users are the same.
  List<String> get _listed;

  /// Returns the users in the rows from index [first] to index [last].
  Iterable<String> _usersOf(int first, int last);

  void _forgetRows();

  void _sleep() {
    kit.removeListener(_changed);
    _ticking?.cancel();
    _ticking = null;
    if (_isShowing) {
      _isShowing = false;
      kit.statuses.hide(_view);
    }
  }

  void _changed() {
    _forgetRows();
    if (_listeners.isEmpty) {
      return;
    }
    if (kit.client.userId != null && !kit.isDisposed) {
      _ticking ??= Timer.periodic(_tick, (_) {
        _forgetRows();
        _tell();
      });
    } else {
      _ticking?.cancel();
      _ticking = null;
    }
    _show();
    _tell();
  }

  void _tell() => tellAll(_listeners, (listener) => listener());

  void _show() {
    if (_listeners.isEmpty || !showsStatuses || state is! ListReady) {
      if (_isShowing) {
        _isShowing = false;
        kit.statuses.hide(_view);
      }
      return;
    }
    final onScreen = _usersOf(_first, _last).toList();
    if (_isShowing &&
        identical(_listed, _shownListed) &&
        _isSame(onScreen, _shownOnScreen)) {
      return;
    }
    _isShowing = true;
    _shownListed = _listed;
    _shownOnScreen = onScreen;
    kit.statuses.show(_view, View(listed: _listed, onScreen: onScreen));
  }

  List<String> _shownListed = const [];
  List<String> _shownOnScreen = const [];
}

/// The conversations of the user. Pinned conversations come first. A row has
/// the name, the picture, the status and the custom status of the peer. It also
/// has the last message with its time, and the number of unread messages.
base class ConversationListModel extends ListModel {
  /// Creates the model of a conversation list. [filter] selects the
  /// conversations that are shown; by default, all are. [language] replaces the
  /// language of the kit.
  ConversationListModel(
    super.kit, {
    super.isShowOnlineStatus = true,
    super.language,
    this.filter,
    super.now = DateTime.now,
  }) : super._();

  /// Returns whether to show a conversation.
  final bool Function(Conversation conversation)? filter;

  List<Conversation>? _conversations;
  List<ConversationRow>? _rows;
  List<String> _peers = const [];

  @override
  ListState get state => kit.lists.conversations.state;

  /// The rows in order.
  List<ConversationRow> get rows => _rows ??= [
        for (final conversation in _sorted)
          conversationRowOf(
            conversation,
            words: words,
            now: _now(),
            status: _statusOf(conversation.peer),
            draft: kit.draftTo(conversation.peer),
          ),
      ];

  /// The number of unread messages over all rows.
  int get totalUnread =>
      _sorted.fold(0, (sum, conversation) => sum + conversation.unread);

  @override
  void retry() => kit.lists.conversations.retry();

  /// Pins a conversation to the top, or unpins it.
  Future<void> pin(String userId, {required bool pinned}) =>
      kit.lists.pinConversation(userId, pinned: pinned);

  /// Removes a conversation from the list, with its history.
  Future<void> delete(String userId) => kit.lists.deleteConversation(userId);

  /// Marks the messages of a conversation as read.
  Future<void> markRead(String userId) => kit.lists.markRead(userId);

  List<Conversation> get _sorted {
    if (_conversations case final conversations?) {
      return conversations;
    }
    final visible = state is ListReady
        ? kit.lists.conversations.visible
        : const <Conversation>[];
    final sorted = inOrder(filter == null ? visible : visible.where(filter!));
    final peers = [for (final conversation in sorted) conversation.peer];
    if (!_isSame(peers, _peers)) {
      _peers = peers;
    }
    return _conversations = sorted;
  }

  @override
  List<String> get _listed {
    _sorted;
    return _peers;
  }

  @override
  Iterable<String> _usersOf(int first, int last) => _range(
        _listed,
        first,
        last,
      );

  @override
  void _forgetRows() {
    _conversations = null;
    _rows = null;
  }
}

/// The friends of the user with their statuses, grouped by letters.
base class ContactListModel extends ListModel {
  /// Creates the model of a contact list. [filter] selects the friends that are
  /// shown; by default, all are shown. [pinyin] returns the reading of a
  /// Chinese name. If [pinyin] is null, Chinese names are listed under `#`.
  ContactListModel(
    super.kit, {
    super.isShowOnlineStatus = true,
    super.language,
    this.filter,
    this.pinyin = pinyinOf,
    super.now = DateTime.now,
  }) : super._();

  /// Returns whether to show a friend.
  final bool Function(Friend friend)? filter;

  /// Returns the reading of a Chinese name; null if such names are listed under
  /// `#`.
  final Pinyin? pinyin;

  List<Friend> _friends = const [];
  Contacts? _contacts;
  List<ContactRow>? _rows;

  @override
  ListState get state => kit.lists.friends.state;

  /// The rows: the header of each letter, and the friends below it.
  List<ContactRow> get rows => _rows ??= _sorted.rows(_statusOf);

  /// For each letter: the index of its header among the rows. A bar of letters
  /// uses it.
  Map<String, int> get letters => _sorted.letters;

  @override
  void retry() => kit.lists.friends.retry();

  Contacts get _sorted {
    final visible =
        state is ListReady ? kit.lists.friends.visible : const <Friend>[];
    final friends = [
      for (final friend in visible)
        if (filter?.call(friend) ?? true) friend,
    ];
    final before = _contacts;
    if (before != null && _isSame(friends, _friends)) {
      return before;
    }
    _friends = friends;
    return _contacts = Contacts(friends, pinyin: pinyin);
  }

  @override
  List<String> get _listed => _sorted.users;

  @override
  Iterable<String> _usersOf(int first, int last) => [
        for (final row in _range(rows, first, last))
          if (row is FriendRow) row.userId,
      ];

  @override
  void _forgetRows() => _rows = null;
}

/// Returns the items from the index [first] to the index [last]. Indexes
/// without an item are left out.
List<T> _range<T>(List<T> items, int first, int last) {
  final begin = first.clamp(0, items.length);
  return items.sublist(begin, (last + 1).clamp(begin, items.length));
}

bool _isSame<T>(List<T> one, List<T> other) {
  if (one.length != other.length) {
    return false;
  }
  for (var i = 0; i < one.length; i++) {
    if (one[i] != other[i]) {
      return false;
    }
  }
  return true;
}
