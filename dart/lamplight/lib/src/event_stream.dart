/// The broadcast stream of events. Each listener has its own [EventQueue],
/// which is emptied while the listener is not paused.
library;

import 'dart:async';

import 'event_queue.dart';
import 'model/events.dart';

/// The source of the events of a client.
final class EventSource {
  /// Creates a source. [known] returns the users whose statuses are cached; it
  /// is called when a listener begins to listen.
  EventSource(this._known);

  final Iterable<String> Function() _known;
  final Set<_Listener> _listeners = {};
  bool _isClosed = false;

  /// The events, for any number of listeners.
  late final Stream<LamplightEvent> stream =
      Stream.multi(_listen, isBroadcast: true);

  /// Delivers an event to all listeners, in a microtask. A paused listener gets
  /// the event when it has resumed.
  void add(LamplightEvent event) {
    for (final listener in _listeners) {
      listener.push(event);
    }
  }

  /// Ends the stream after all events that were added before this call.
  void close() {
    _isClosed = true;
    for (final listener in _listeners) {
      listener.end();
    }
  }

  void _listen(MultiStreamController<LamplightEvent> controller) {
    if (_isClosed) {
      controller.close();
      return;
    }
    final listener = _Listener(controller, EventQueue(_known()));
    _listeners.add(listener);
    controller
      ..onResume = listener.wake
      ..onCancel = () {
        _listeners.remove(listener);
        listener.cancel();
      };
  }
}

final class _Listener {
  _Listener(this._controller, this._queue);

  final MultiStreamController<LamplightEvent> _controller;
  final EventQueue _queue;
  bool _isWoken = false;
  bool _isEnding = false;
  bool _isDone = false;

  void push(LamplightEvent event) {
    _queue.push(event);
    wake();
  }

  void end() {
    _isEnding = true;
    wake();
  }

  void cancel() => _isDone = true;

  void wake() {
    if (_isWoken || _isDone) return;
    _isWoken = true;
    scheduleMicrotask(_drain);
  }

  void _drain() {
    _isWoken = false;
    while (!_isDone && !_controller.isPaused) {
      if (_queue.pop() case final LamplightEvent event) {
        _controller.addSync(event);
      } else {
        if (_isEnding) {
          _isDone = true;
          _controller.close();
        }
        return;
      }
    }
  }
}
