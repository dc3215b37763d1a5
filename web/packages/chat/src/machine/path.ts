/**
 * Finds the heartbeat interval that a network path needs, from the silences after which links were cut.
 *
 * A proxy, a load balancer or a NAT between client and server cuts an idle link after a fixed time. The silences before
 * such cuts are about equal. Links that break for other reasons break after varying silences.
 */

/**
 * The shortest interval is the usual interval divided by this number. Some paths cut links for another reason, such as
 * their age. On such a path, this limit keeps the number of heartbeats low.
 */
const SHORTEST = 8;

/**
 * The divisor for the comparison of two silences. They count as equal if they differ by at most a twentieth of the
 * later silence.
 */
const TOLERANCE = 20;

/** The measurements of a session about its network path, in milliseconds. */
export interface NetworkPath {
  /** The silence before the last cut; 0 if there was no cut. */
  readonly silence: number;
  /** The longest heartbeat interval with which the path does not cut links; Infinity if it is unknown. */
  readonly longest: number;
}

/** The path of a session that has not lost a link. */
export const UNKNOWN_PATH: NetworkPath = { silence: 0, longest: Infinity };

/**
 * Records that a link with the heartbeat interval `usual` was cut after the time `silence` without traffic. After two
 * cuts in a row with equal silences, the interval becomes half of the silence. A silence below the shortest interval
 * is ignored, because the link was in use.
 */
export function cut(path: NetworkPath, usual: number, silence: number): NetworkPath {
  const shortest = usual / SHORTEST;
  const isAgain = Math.abs(silence - path.silence) * TOLERANCE <= silence;
  const longest = isAgain ? Math.min(path.longest, Math.max(shortest, silence / 2)) : path.longest;
  return silence < shortest ? path : { silence, longest };
}
