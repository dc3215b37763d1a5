/** The properties and events of the elements, as types for frameworks. */

import type { LitElement } from "lit";
import type { TuikitAvatar } from "../components/avatar.js";
import type { TuikitBlockList } from "../components/block-list.js";
import type { TuikitChat } from "../components/chat.js";
import type { ContactEventDetail, TuikitContact } from "../components/contact.js";
import type { ConversationEventDetail, TuikitConversation } from "../components/conversation.js";
import type { OwnStatusEventDetail, TuikitOwnStatus } from "../components/own-status.js";
import type { TuikitVisibility, VisibilityEventDetail } from "../components/visibility.js";

/** The properties of an element, without the properties that all elements have. */
type Own<E extends HTMLElement> = Partial<Omit<E, keyof HTMLElement | keyof LitElement>>;

/** The properties of each element, by its name. */
export interface Properties {
  "tuikit-avatar": Own<TuikitAvatar>;
  "tuikit-block-list": Own<TuikitBlockList>;
  "tuikit-chat": Own<TuikitChat>;
  "tuikit-contact": Own<TuikitContact>;
  "tuikit-conversation": Own<TuikitConversation>;
  "tuikit-own-status": Omit<Own<TuikitOwnStatus>, "edit" | "set">;
  "tuikit-visibility": Own<TuikitVisibility>;
}

/** The events of each element, by its name. */
export interface Events {
  "tuikit-avatar": object;
  "tuikit-block-list": object;
  "tuikit-chat": object;
  "tuikit-contact": { "tuikit-contact-tap": CustomEvent<ContactEventDetail> };
  "tuikit-conversation": {
    "tuikit-conversation-tap": CustomEvent<ConversationEventDetail>;
    "tuikit-conversation-delete": CustomEvent<ConversationEventDetail>;
  };
  "tuikit-own-status": { "tuikit-own-status-set": CustomEvent<OwnStatusEventDetail> };
  "tuikit-visibility": { "tuikit-visibility-set": CustomEvent<VisibilityEventDetail> };
}

export type Tag = keyof Properties;
