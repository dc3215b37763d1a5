/// The heartbeat that the path to the server needs, learned from the silences
/// after which links were cut.
///
/// A proxy, a balancer or a NAT between client and server cuts a link on which
/// nothing has passed for some time, with or without telling the client. It
/// does so after the same silence each time; links that break for other
/// reasons do not.
library;

import 'dart:math';

/// The heartbeat is shortened to this part of the usual one and no further: a
/// path that cuts its links for another reason, as by their age, costs no more
/// heartbeats than that.
const _shortest = 8;

/// Two silences are taken for the same when they differ by this part of the
/// later one, or by less.
const _tolerance = 20;

/// The knowledge of a session about its network path. All times are in
/// milliseconds.
final class NetworkPath {
  /// The silence after which a link was cut last; 0 before the first.
  int _silence = 0;

  /// The longest time between two heartbeats that the path allows, once it is
  /// known.
  int? _longest;

  /// Takes in that a link with this usual heartbeat was cut after this
  /// silence. Two cuts in a row after the same silence shorten the heartbeat
  /// to half of it. A silence shorter than the shortest heartbeat is that of a
  /// link in use: it says nothing.
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
