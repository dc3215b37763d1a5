/** The UI kit of Lamplight: web components for conversations, contacts and chat, with online status. */

export { TuikitAvatar } from "./components/avatar.js";
export { TuikitBlockList } from "./components/block-list.js";
export { TuikitChat } from "./components/chat.js";
export { TuikitContact, type ContactEventDetail } from "./components/contact.js";
export { TuikitConversation, type ConversationEventDetail } from "./components/conversation.js";
export { TuikitOwnStatus, type OwnStatusEventDetail } from "./components/own-status.js";
export { TuikitVisibility, type VisibilityEventDetail } from "./components/visibility.js";
export { isComposing } from "./components/composing.js";
export type {
  ChatClient,
  Conversation,
  Friend,
  Message,
  Profile,
  StatusType,
  UserStatus,
  Visibility,
} from "./client.js";
export type { StatusDuration, StatusDurations } from "./own-status/durations.js";
export type { SuggestedStatus } from "./own-status/suggestions.js";
export type { AvatarHosts } from "./rows/pictures.js";
export { TUIKit, type TUIKitConfig, type TUIKitOptions } from "./kit.js";
