/// A zone that counts timers.
library;

import 'dart:async';

/// The timers that were made in a zone.
final class Timers {
  final Map<Timer, String> _all = {};

  /// When the timers fire that still wait.
  List<String> get waiting => [
        for (final MapEntry(key: timer, value: text) in _all.entries)
          if (timer.isActive) text,
      ];

  /// Runs a body in the zone.
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
