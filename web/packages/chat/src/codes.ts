/** The codes with their texts in English and Chinese, for programs that show these texts to users. */

export { CODES, type CodeName } from "./gen/texts.js";
