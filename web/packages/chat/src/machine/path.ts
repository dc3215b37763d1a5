/**
 * The heartbeat interval that the network path needs, derived from the silences after which links were cut.
 *
 * A proxy, a load balancer or a NAT between client and server cuts a link after some time without traffic. This
 * silence is about the same each time. Links that break for other reasons have different silences.
 */

/**
 * The shortest interval is the usual one divided by this. Some paths cut links for another reason, such as their age.
 * The shortest interval keeps the heartbeats few on such a path.
 */
const SHORTEST = 8;

/**
 * The divisor for comparing silences. Two silences count as equal if they differ by at most a twentieth of the later
 * silence.
 */
const TOLERANCE = 20;

/** The measurements of a session about its network path, in milliseconds. */
export interface NetworkPath {
  /** The silence before the last cut; 0 before the first cut. */
  readonly silence: number;
  /** The longest heartbeat interval that the path allows; Infinity if unknown. */
  readonly longest: number;
}

/** The path of a session that has not lost a link yet. */
export const UNKNOWN_PATH: NetworkPath = { silence: 0, longest: Infinity };

/**
 * Records that a link with the interval `usual` was cut after the time `silence` without traffic. After two
 * successive cuts with equal silences, the interval becomes half of the silence. A silence below the shortest
 * interval is ignored: the link was in use.
 */
export function cut(path: NetworkPath, usual: number, silence: number): NetworkPath {
  const shortest = usual / SHORTEST;
  const isAgain = Math.abs(silence - path.silence) * TOLERANCE <= silence;
  const longest = isAgain ? Math.min(path.longest, Math.max(shortest, silence / 2)) : path.longest;
  return silence < shortest ? path : { silence, longest };
}
