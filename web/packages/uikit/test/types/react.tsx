/** The types of the elements for React. If they are wrong, this file does not compile. It is never run. */

import type { JSX } from "react";
import type {} from "../../src/frameworks/react.js";

export function Lists({ open }: { readonly open: (id: string) => void }): JSX.Element[] {
  return [
    <tuikit-conversation
      key="chats"
      isShowOnlineStatus={false}
      filter={({ unreadCount }) => unreadCount > 0}
      className="chats"
      ontuikit-conversation-tap={({ detail }) => {
        open(detail.conversation.conversationID);
      }}
    />,
    <tuikit-contact
      key="contacts"
      theme="dark"
      ontuikit-contact-tap={({ detail }) => {
        open(detail.friend.userID);
      }}
    />,
    <tuikit-chat key="chat" conversationID="C2Calice" />,
    <tuikit-own-status
      key="own"
      durations={["never", 60, "tonight"]}
      ontuikit-own-status-set={({ detail }) => {
        open(detail.customStatus);
      }}
    />,
    // @ts-expect-error -- there is no such choice
    <tuikit-own-status key="wrong choice" durations={["soon"]} />,
    // @ts-expect-error -- a switch is no text
    <tuikit-contact key="wrong" isShowOnlineStatus="off" />,
    // @ts-expect-error -- there is no such theme
    <tuikit-avatar key="wrong too" theme="blue" />,
  ];
}
