/// Calls listeners.
library;

import 'dart:async';

/// Calls the listeners in a set, in the order of the set.
///
/// If a listener throws an error, the zone handles the error, and the other
/// listeners are still called. A listener that was removed by an earlier
/// listener is not called. [isThere] returns whether a listener is still
/// registered. By default, it checks whether the listener is in the set.
void tellAll<L>(
  Set<L> listeners,
  void Function(L listener) what, {
  bool Function(L listener)? isThere,
}) {
  final isListening = isThere ?? listeners.contains;
  for (final listener in listeners.toList()) {
    if (!isListening(listener)) continue;
    try {
      what(listener);
    } on Object catch (error, trace) {
      Zone.current.handleUncaughtError(error, trace);
    }
  }
}
