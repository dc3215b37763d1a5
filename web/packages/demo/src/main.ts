/** The demo: a page with one element. */

import "@lamplight/uikit";
import "./elements/desk.js";
import "./elements/entrance.js";
import "./elements/evidence.js";
import "./elements/happenings.js";
import "./elements/self-card.js";
import "./elements/demo.js";
