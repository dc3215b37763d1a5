/// The dispatch of a change to listeners.
library;

import 'dart:async';

/// Calls the listeners that are in a set, in its order.
///
/// A listener that throws keeps neither the others nor the caller from going
/// on: its error goes to the zone, as that of any callback. A listener that an
/// earlier one removes is not called any more. [isThere] says which still are,
/// where that is not the set itself.
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
