/// Finds the heartbeat interval that a network path needs, from the silences
/// after which links were cut.
///
/// A proxy, a load balancer or a NAT between client and server cuts an idle
/// link after a fixed time. The silences before such cuts are about equal.
/// Links that break for other reasons break after varying silences.
library;

import 'dart:math';

/// The shortest interval is the usual interval divided by this number. Some
/// paths cut links for another reason, such as their age. On such a path, this
/// limit keeps the number of heartbeats low.
const _shortest = 8;

/// The divisor for the comparison of two silences. They count as equal if they
/// differ by at most a twentieth of the later silence.
const _tolerance = 20;

/// The measurements of a session about its network path. All times are in
/// milliseconds.
final class NetworkPath {
  /// The silence before the last cut; 0 if there was no cut.
  int _silence = 0;

  /// The longest heartbeat interval with which the path does not cut links;
  /// null if it is unknown.
  int? _longest;

  /// Records that a link with the heartbeat interval [usual] was cut after the
  /// time [silence] without traffic. After two cuts in a row with equal
  /// silences, the interval becomes half of the silence. A silence below the
  /// shortest interval is ignored, because the link was in use.
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
