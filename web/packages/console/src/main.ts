/** Starts the console. */

import { preferences } from "./words/words.js";

preferences.start();
await import("./shell.js");
