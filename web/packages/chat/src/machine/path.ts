/**
 * The heartbeat that the path to the server needs, learned from the silences after which links were cut.
 *
 * A proxy, a balancer or a NAT between client and server cuts a link on which nothing has passed for some time, with or
 * without telling the client. It does so after the same silence each time; links that break for other reasons do not.
 */

/**
 * The heartbeat is shortened to this part of the usual one and no further: a path that cuts its links for another reason,
 * as by their age, costs no more heartbeats than that.
 */
const SHORTEST = 8;

/** Two silences are taken for the same when they differ by this part of the later one, or by less. */
const TOLERANCE = 20;

/** The path of a session, as far as the session has learned it. */
export interface NetworkPath {
  /** The silence after which a link was cut last; 0 before the first. */
  readonly silence: number;
  /** The longest time between two heartbeats that the path allows; Infinity: not known. */
  readonly longest: number;
}

/** The path of a session that has not lost a link. */
export const UNKNOWN_PATH: NetworkPath = { silence: 0, longest: Infinity };

/**
 * A link with this usual heartbeat was cut after this silence. Two cuts in a row after the same silence shorten the
 * heartbeat to half of it. A silence shorter than the shortest heartbeat is that of a link in use: it says nothing.
 */
export function cut(path: NetworkPath, usual: number, silence: number): NetworkPath {
  const shortest = usual / SHORTEST;
  const isAgain = Math.abs(silence - path.silence) * TOLERANCE <= silence;
  const longest = isAgain ? Math.min(path.longest, Math.max(shortest, silence / 2)) : path.longest;
  return silence < shortest ? path : { silence, longest };
}
