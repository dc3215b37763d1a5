/// The heartbeat interval that the network path needs, derived from the
/// silences after which links were cut.
///
/// A proxy, a load balancer or a NAT between client and server cuts a link
/// after some time without traffic. This silence is about the same each time.
/// Links that break for other reasons have different silences.
library;

import 'dart:math';

/// The shortest interval is the usual one divided by this. Some paths cut links
/// for another reason, such as their age. The shortest interval keeps the
/// heartbeats few on such a path.
const _shortest = 8;

/// The divisor for comparing silences. Two silences count as equal if they
/// differ by at most a twentieth of the later silence.
const _tolerance = 20;

/// The measurements of a session about its network path. All times are in
/// milliseconds.
final class NetworkPath {
  /// The silence before the last cut; 0 before the first cut.
  int _silence = 0;

  /// The longest heartbeat interval that the path allows, if known.
  int? _longest;

  /// Records that a link with the interval [usual] was cut after the time
  /// [silence] without traffic. After two successive cuts with equal silences,
  /// the interval becomes half of the silence. A silence below the shortest
  /// interval is ignored: the link was in use.
  void cut(int usual, int silence) {
    final shortest = usual ~/ _shortest;
    if (silence < shortest) return;
    if ((silence - _silence).abs() * _tolerance <= silence) {
      final half = max(silence ~/ 2, shortest);
      _longest = min(_longest ?? half, half);
    }
    _silence = silence;
  }

  /// Returns the heartbeat interval for this path.
  int heartbeat(int usual) => min(_longest ?? usual, usual);
}
