/** The entries that a program can import: the whole kit, or one component. */
export const ENTRIES = {
  index: "src/index.ts",
  kit: "src/kit.ts",
  avatar: "src/components/avatar.ts",
  "block-list": "src/components/block-list.ts",
  chat: "src/components/chat.ts",
  contact: "src/components/contact.ts",
  conversation: "src/components/conversation.ts",
  "own-status": "src/components/own-status.ts",
  visibility: "src/components/visibility.ts",
};

/** The package with the pinyin table. It is large, so it is loaded when the first Chinese name appears. */
export const PINYIN = "pinyin-pro";
