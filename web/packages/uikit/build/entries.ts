/** The entries that can be imported: everything, or one component. */
export const ENTRIES = {
  index: "src/index.ts",
  kit: "src/kit.ts",
  avatar: "src/components/avatar.ts",
  chat: "src/components/chat.ts",
  contact: "src/components/contact.ts",
  conversation: "src/components/conversation.ts",
};

/** The table for Chinese names: large, and loaded when the first one is met. */
export const PINYIN = "pinyin-pro";
