/** The words of the kit, in each of its languages. A language that lacks one does not compile. */

import { EN } from "./en.js";
import { ZH } from "./zh.js";

export interface Words {
  /** For `Intl`. */
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
  /** The status that was known of a user when the connection was lost. */
  readonly lastKnown: (status: string) => string;
  readonly cut: string;
  readonly cutHint: string;
  readonly connecting: string;
  readonly switchedOff: string;
  readonly notInEdition: string;
  readonly draft: string;
  readonly recalled: string;
  /** Custom content that has no description. */
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
  readonly sendAgain: string;
  readonly you: string;
  readonly earlier: string;
  readonly latest: string;
  readonly unread: (count: number) => string;
  readonly actionFailed: (why: string) => string;
}

/** The words of a language; English when the kit has none of it. */
export function wordsOf(language: string): Words {
  return /^zh\b/i.test(language) ? ZH : EN;
}
