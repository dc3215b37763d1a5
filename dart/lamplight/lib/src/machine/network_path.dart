/// The heartbeat interval that the network path needs, learned from the
/// silences after which links were cut.
///
/// A proxy, a load balancer or a NAT between client and server cuts a link
/// without traffic after some time, with or without a notification to the
/// client. It does so after the same silence each time; links that break for
/// other reasons do not.
library;

import 'dart:math';

/// The interval is reduced at most to this part of the usual one, so that a
/// path that cuts links for another reason, such as their age, causes no more
/// heartbeats than that.
const _shortest = 8;

/// Two silences count as equal if they differ by at most this part of the later
/// one.
const _tolerance = 20;

/// The knowledge of a session about its network path. All times are in
/// milliseconds.
final class NetworkPath {
  /// The silence after which a link was cut last; 0 before the first cut.
  int _silence = 0;

  /// The longest time between two heartbeats that the path allows; null if it
  /// is not known.
  int? _longest;

  /// Records that a link with this usual interval was cut after this silence.
  /// Two successive cuts after the same silence reduce the interval to half of
  /// it. A silence below the shortest interval belongs to a link in use and is
  /// ignored.
  void cut(int usual, int silence) {
    final shortest = usual ~/ _shortest;
    if (silence < shortest) return;
    if ((silence - _silence).abs() * _tolerance <= silence) {
      final half = max(silence ~/ 2, shortest);
      _longest = min(_longest ?? half, half);
    }
    _silence = silence;
  }

  /// The time between two heartbeats on this path.
  int heartbeat(int usual) => min(_longest ?? usual, usual);
}
