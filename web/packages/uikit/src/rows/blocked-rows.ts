/** The rows of the block list, as a pure function. */

import type { Conversation, Friend, Profile } from "../client.js";
import { conversationName, friendName, nameOf } from "./names.js";

export interface BlockedRow {
  readonly userID: string;
  readonly name: string;
  readonly picture: string;
  /** Whether no list has the profile of the user. */
  readonly isStranger: boolean;
}

export interface Known {
  readonly friends: readonly Friend[];
  readonly conversations: readonly Conversation[];
  /** The profiles of users who are in no list, by their userIDs. */
  readonly profiles: ReadonlyMap<string, Profile>;
}

/** Returns the rows in the order of their names. */
export function blockedRows(
  users: readonly string[],
  { friends, conversations, profiles }: Known,
  locale: string,
): BlockedRow[] {
  const friendOf = new Map(friends.map((friend) => [friend.userID, friend]));
  const conversationWith = new Map(conversations.map((one) => [one.conversationID, one]));
  const rows = users.map((userID): BlockedRow => {
    const friend = friendOf.get(userID);
    const conversation = conversationWith.get(`C2C${userID}`);
    if (friend !== undefined) {
      return { userID, name: friendName(friend), picture: friend.profile.avatar, isStranger: false };
    }
    if (conversation !== undefined) {
      const picture = conversation.userProfile?.avatar ?? "";
      return { userID, name: conversationName(conversation), picture, isStranger: false };
    }
    const profile = profiles.get(userID);
    return { userID, name: nameOf("", profile, userID), picture: profile?.avatar ?? "", isStranger: true };
  });
  const order = new Intl.Collator(locale);
  return rows.sort((one, other) => order.compare(one.name, other.name) || (one.userID < other.userID ? -1 : 1));
}
