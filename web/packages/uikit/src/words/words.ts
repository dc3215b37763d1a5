/** The texts of the kit in each language. If a text is missing, the program does not compile. */

import type { Visibility } from "../client.js";
import { EN } from "./en.js";
import { ZH } from "./zh.js";

export interface Words {
  /** The locale that is passed to `Intl`. */
  readonly locale: string;
  readonly conversations: string;
  readonly contacts: string;
  readonly messages: string;
  readonly index: string;
  readonly loading: string;
  readonly noConversations: string;
  readonly noConversationsHint: string;
  readonly noContacts: string;
  readonly noContactsHint: string;
  readonly noMessages: string;
  readonly chooseConversation: string;
  readonly failed: string;
  readonly retry: string;
  readonly online: string;
  readonly offline: string;
  readonly unlogined: string;
  /** The text for a status that was received before the connection was lost. */
  readonly lastKnown: (status: string) => string;
  readonly cut: string;
  readonly cutHint: string;
  readonly connecting: string;
  readonly switchedOff: string;
  readonly notInEdition: string;
  readonly draft: string;
  readonly recalled: string;
  /** The text for a message whose custom content has no description. */
  readonly customMessage: string;
  readonly pin: string;
  readonly unpin: string;
  readonly pinned: string;
  readonly markRead: string;
  readonly remove: string;
  readonly removeTitle: string;
  readonly removeText: (name: string) => string;
  readonly cancel: string;
  readonly more: string;
  readonly write: string;
  readonly send: string;
  readonly sending: string;
  readonly notSent: string;
  /** The text for a message that was refused because the recipient has blocked the user. */
  readonly notSentBlocked: string;
  readonly sendAgain: string;
  readonly you: string;
  readonly earlier: string;
  readonly latest: string;
  readonly unread: (count: number) => string;
  readonly actionFailed: (why: string) => string;
  /** The text for the seconds until the end of a custom status. */
  readonly forSeconds: (count: number) => string;
  /** The text for the minutes until the end of a custom status. */
  readonly forMinutes: (count: number) => string;
  /** The text for the time at which a custom status ends. */
  readonly until: (time: string) => string;
  readonly ownStatus: string;
  readonly setOwnStatus: string;
  readonly emoji: string;
  readonly noEmoji: string;
  readonly statusSuggestions: string;
  /** The label of the group of controls in which the user chooses a duration. */
  readonly clearAfter: string;
  readonly never: string;
  readonly tonight: string;
  readonly chosenDate: string;
  readonly dateLabel: string;
  /** The choice that keeps the present end of the status. */
  readonly asBefore: (until: string) => string;
  readonly dateOutOfRange: string;
  readonly statusTooLong: (bytes: number) => string;
  readonly save: string;
  readonly clear: string;
  readonly statusSet: (text: string) => string;
  readonly statusCleared: string;
  /** The announcement that the server has cleared the custom status because its time was over. */
  readonly statusEnded: string;
  readonly block: string;
  readonly blockTitle: (name: string) => string;
  readonly blockText: (name: string) => string;
  readonly isBlocked: (name: string) => string;
  readonly unblock: string;
  readonly unblockTitle: (name: string) => string;
  readonly unblockText: (name: string) => string;
  readonly isUnblocked: (name: string) => string;
  /** The label of the button in the row of a blocked user. */
  readonly unblockUser: (name: string) => string;
  readonly blockList: string;
  readonly noBlocked: string;
  readonly noBlockedHint: string;
  /** The label of the group of controls in which the user chooses a visibility. */
  readonly visibility: string;
  /** The label of each visibility that the user can choose. */
  readonly visibilities: Readonly<Record<Visibility, string>>;
  /** For each visibility, the announcement after the user has set it. */
  readonly visibilitySet: Readonly<Record<Visibility, string>>;
}

/** Returns the texts for a language tag. For any language but Chinese, returns the English texts. */
export function wordsOf(language: string): Words {
  return /^zh\b/i.test(language) ? ZH : EN;
}
