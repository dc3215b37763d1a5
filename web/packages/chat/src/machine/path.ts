/**
 * The heartbeat interval that the network path needs, learned from the silences after which links were cut.
 *
 * A proxy, a load balancer or a NAT between client and server cuts a link without traffic after some time, with or
 * without a notification to the client. It does so after the same silence each time; links that break for other
 * reasons do not.
 */

/**
 * The interval is reduced at most to this part of the usual one, so that a path that cuts links for another reason,
 * such as their age, causes no more heartbeats than that.
 */
const SHORTEST = 8;

/** Two silences count as equal if they differ by at most this part of the later one. */
const TOLERANCE = 20;

/** The knowledge of a session about its network path. */
export interface NetworkPath {
  /** The silence after which a link was cut last; 0 before the first cut. */
  readonly silence: number;
  /** The longest time between two heartbeats that the path allows; Infinity if it is not known. */
  readonly longest: number;
}

/** The path of a session that has not lost a link yet. */
export const UNKNOWN_PATH: NetworkPath = { silence: 0, longest: Infinity };

/**
 * Records that a link with this usual interval was cut after this silence. Two successive cuts after the same silence
 * reduce the interval to half of it. A silence below the shortest interval belongs to a link in use and is ignored.
 */
export function cut(path: NetworkPath, usual: number, silence: number): NetworkPath {
  const shortest = usual / SHORTEST;
  const isAgain = Math.abs(silence - path.silence) * TOLERANCE <= silence;
  const longest = isAgain ? Math.min(path.longest, Math.max(shortest, silence / 2)) : path.longest;
  return silence < shortest ? path : { silence, longest };
}
