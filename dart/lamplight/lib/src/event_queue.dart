/// The event queue of one listener: the events that the listener has not
/// accepted yet. Its size is bounded even if the listener is slow. The newest
/// statuses are never lost.
///
/// Each user has one slot for the newest status; an older status in the slot is
/// replaced. The other events wait in their order. If there are more than
/// [maxPendingEvents] of them, the oldest is dropped and counted.
library;

import 'dart:collection';

import 'model/events.dart';
import 'model/status.dart';

/// The maximum number of waiting events other than statuses, for each listener.
const maxPendingEvents = 64;

/// The event queue of one listener.
final class EventQueue {
  /// Creates the queue of a listener that already has the statuses of the users
  /// in [known].
  EventQueue(Iterable<String> known) : _told = known.toSet();

  final Queue<LamplightEvent> _others = Queue();
  int _missed = 0;

  /// The newest status of each user; null if the user is not watched any more.
  final Map<String, UserStatus?> _slots = {};

  /// The number of events in [_others] that are delivered before the slots.
  /// These are the events that are older than the newest change of a slot.
  int _ahead = 0;

  /// The users whose statuses the listener has. The queue reports only for
  /// these users that they are not watched any more. This bounds the number of
  /// slots.
  final Set<String> _told;

  /// Whether the queue is empty.
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
        // Later events belong to another session, maybe of another user, so the
        // slots must be delivered before them.
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

  /// Removes and returns the next event; null if there is none.
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

  /// Removes the changed statuses from the slots, and returns them in one
  /// event. If there are none, the event has the users who are not watched any
  /// more.
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
