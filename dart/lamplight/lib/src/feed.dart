/// The events that one listener has not heard yet. Bounded, however slow the
/// listener, and never without the final state.
///
/// Statuses are conflated: one slot a user, holding the newest. All other
/// events are few; they wait in order, and when more than [maxPendingEvents]
/// do, the oldest is dropped and counted. Does not know streams.
library;

import 'dart:collection';

import 'model/events.dart';
import 'model/status.dart';

/// The most events other than statuses that wait for one listener.
const maxPendingEvents = 64;

/// The events that one listener has not heard yet.
final class Feed {
  /// Creates the feed of a listener that knows these users.
  Feed(Iterable<String> known) : _told = known.toSet();

  final Queue<LamplightEvent> _others = Queue();
  int _missed = 0;

  /// The newest status of each user; null: the user is watched no longer.
  final Map<String, UserStatus?> _slots = {};

  /// The number of [_others] that go before the slots. The slots stand where
  /// their newest change belongs.
  int _ahead = 0;

  /// The users that the listener has been told of and not that they left.
  /// Others need not be told of as leaving, which bounds the slots by what was
  /// told and what is watched.
  final Set<String> _told;

  /// Whether there is nothing to hear.
  bool get isEmpty => _others.isEmpty && _slots.isEmpty && _missed == 0;

  /// Adds an event.
  void push(LamplightEvent event) {
    switch (event) {
      case StatusChangedEvent(:final statuses):
        for (final status in statuses) {
          _slots[status.userId] = status;
        }
        _ahead = _others.length;
      case NotWatchedEvent(:final userIds):
        for (final user in userIds) {
          if (_told.contains(user)) {
            _slots[user] = null;
          } else {
            _slots.remove(user);
          }
        }
        _ahead = _others.length;
      case SessionEndedEvent():
        // Events from here on belong to another session, maybe of another
        // user: the slots must not be mixed with theirs.
        final before = [..._others.take(_ahead)];
        final after = [..._others.skip(_ahead)];
        _others
          ..clear()
          ..addAll(before);
        for (var batch = _takeSlots(); batch != null; batch = _takeSlots()) {
          _others.add(batch);
        }
        _ahead = _others.length;
        _others.addAll(after);
        _told.clear();
        _pushOther(event);
      default:
        _pushOther(event);
    }
  }

  /// The next event; null: there is none.
  LamplightEvent? pop() {
    if (_missed > 0) {
      final missed = EventsMissedEvent(_missed);
      _missed = 0;
      return missed;
    }
    if (_ahead == 0) {
      if (_takeSlots() case final LamplightEvent batch) return batch;
    } else {
      _ahead--;
    }
    return _others.isEmpty ? null : _others.removeFirst();
  }

  void _pushOther(LamplightEvent event) {
    _others.add(event);
    while (_others.length > maxPendingEvents) {
      _others.removeFirst();
      if (_ahead > 0) _ahead--;
      _missed++;
    }
  }

  /// All changes in one event; or, when there are none, all leavings in one.
  LamplightEvent? _takeSlots() {
    if (_slots.isEmpty) return null;
    final changed = _slots.values.whereType<UserStatus>().toList();
    if (changed.isNotEmpty) {
      _told.addAll(changed.map((status) => status.userId));
      _slots.removeWhere((_, status) => status != null);
      return StatusChangedEvent(changed);
    }
    final gone = [..._slots.keys];
    _slots.clear();
    _told.removeAll(gone);
    return NotWatchedEvent(gone);
  }
}
