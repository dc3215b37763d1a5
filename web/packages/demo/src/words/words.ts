/** The texts of the demo in each language. If a text is missing, the program does not compile. */

import type { Reason } from "@lamplight/chat";
import type { Language } from "../preferences.js";
import type { Ending } from "../session.js";
import { EN } from "./en.js";
import { ZH } from "./zh.js";

export interface Words {
  /** The locale that is passed to `Intl`. */
  readonly locale: string;
  readonly tagline: string;
  readonly lead: string;
  readonly choose: string;
  readonly chooseHint: string;
  readonly enterAs: (name: string) => string;
  readonly step: string;
  readonly stepHint: string;
  readonly withSig: string;
  readonly sigHint: string;
  readonly sig: string;
  readonly userID: string;
  readonly app: string;
  readonly enter: string;
  readonly entering: string;
  readonly sigOf: (name: string, until: string) => string;
  readonly sigUnreadable: string;
  readonly secondWindow: string;
  readonly leave: string;
  readonly chats: string;
  readonly contacts: string;
  readonly writeTo: string;
  readonly writeToHint: string;
  readonly addFriend: string;
  readonly open: string;
  readonly friendAdded: (name: string) => string;
  readonly showStatus: string;
  /** The title of the visibility and the block list. */
  readonly privacy: string;
  readonly blockList: string;
  readonly nobodyBlocked: string;
  readonly theme: string;
  readonly themes: Readonly<Record<"auto" | "light" | "dark", string>>;
  readonly otherLanguage: string;
  readonly back: string;
  readonly details: string;
  readonly about: (name: string) => string;
  readonly pickSomebody: string;
  readonly pickHint: string;
  readonly types: readonly [unknown: string, online: string, offline: string, unlogined: string];
  readonly evidence: string;
  /** The label of the time since which the status has this type. */
  readonly since: (type: string) => string;
  /** The label of the reason for the last change of the type or the custom status. */
  readonly lastChange: string;
  readonly lastKnown: (type: string) => string;
  readonly lastSeen: string;
  /** The label of the time at which the server clears the custom status. */
  readonly textEnds: string;
  readonly devices: string;
  readonly lastDevices: string;
  readonly noDevice: string;
  readonly never: string;
  readonly version: string;
  readonly reasons: Readonly<Record<Reason, string>>;
  readonly live: string;
  readonly liveHint: string;
  readonly turned: (type: string) => string;
  readonly says: (text: string) => string;
  readonly saysNothing: string;
  readonly net: Readonly<Record<"connected" | "connecting" | "disconnected", string>>;
  readonly endings: Readonly<Record<Ending, string>>;
  /**
   * The label of the button that logs in here again. That login logs out the device that has ended the earlier login.
   */
  readonly useHere: string;
  readonly withheld: Readonly<Record<"switchedOff" | "notInEdition", string>>;
  readonly noServer: string;
  readonly noServerHint: string;
  readonly retry: string;
  readonly failed: (why: string) => string;
  readonly console: string;
  readonly kitPages: string;
  readonly close: string;
}

const ALL: Readonly<Record<Language, Words>> = { en: EN, zh: ZH };

export function wordsOf(language: Language): Words {
  return ALL[language];
}
