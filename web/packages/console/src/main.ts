/** The console begins. */

import { preferences } from "./words/words.js";

preferences.start();
await import("./shell.js");
