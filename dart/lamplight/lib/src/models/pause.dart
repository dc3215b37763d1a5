/// Pauses between requests for a list.
library;

import 'dart:async';

/// The pause after which a page is requested again that was refused because of
/// the rate limit, and the maximum number of requests for a page.
const Duration ratePause = Duration(seconds: 1);
const int mostRequests = 60;

/// A pause between two requests. [end] ends it before its time.
final class Pause {
  /// Begins a pause of this length.
  Pause(Duration length) {
    _timer = Timer(length, end);
  }

  final Completer<void> _over = Completer();
  late final Timer _timer;

  /// Completes when the pause is over.
  Future<void> get over => _over.future;

  /// Ends the pause.
  void end() {
    _timer.cancel();
    if (!_over.isCompleted) {
      _over.complete();
    }
  }
}
