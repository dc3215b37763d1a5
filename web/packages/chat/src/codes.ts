/** The table of codes with their texts in English and Chinese, for programs that show them to users. */

export { CODES, type CodeName } from "./gen/texts.js";
