/** The web SDK of Lamplight. */

export { EVENT, TYPES } from "./constants.js";
export { CODES, type CodeName } from "./gen/codes.js";
