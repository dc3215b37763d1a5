/// A zone that records its timers.
library;

import 'dart:async';

/// The timers that were created in a zone.
final class Timers {
  final Map<Timer, String> _all = {};

  /// The times of the active timers, as text.
  List<String> get waiting => [
        for (final MapEntry(key: timer, value: text) in _all.entries)
          if (timer.isActive) text,
      ];

  /// Runs a body in a zone that records its timers.
  R run<R>(R Function() body) => runZoned(
        body,
        zoneSpecification: ZoneSpecification(
          createTimer: (self, parent, zone, duration, callback) {
            final timer = parent.createTimer(zone, duration, callback);
            _all[timer] = 'once after $duration';
            return timer;
          },
          createPeriodicTimer: (self, parent, zone, period, callback) {
            final timer = parent.createPeriodicTimer(zone, period, callback);
            _all[timer] = 'every $period';
            return timer;
          },
        ),
      );
}
