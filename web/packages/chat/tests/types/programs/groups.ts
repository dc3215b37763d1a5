/** A program that reads groups, friend applications and a block list. */

import SDK, { type ChatSDK, type Group, type GroupMember } from "chat-sdk";

export async function load(chat: ChatSDK): Promise<unknown[]> {
  const [groups, applications, blocked, friendGroups] = await Promise.all([
    chat.getGroupList(),
    chat.getFriendApplicationList(),
    chat.getBlacklist(),
    chat.getFriendGroupList(),
  ]);
  const list: Group[] = groups.data.groupList;
  return [list.map(({ groupID }) => groupID), applications.data, blocked.data, friendGroups.data];
}

export async function members(chat: ChatSDK, groupID: string): Promise<GroupMember[]> {
  const { data } = await chat.getGroupMemberList({ groupID, count: 30, offset: 0 });
  await chat.setGroupMemberRole({ groupID, userID: "bob", role: SDK.TYPES.GRP_MBR_ROLE_ADMIN });
  return data.memberList;
}

export async function make(chat: ChatSDK): Promise<string> {
  const { data } = await chat.createGroup({
    name: "test",
    type: SDK.TYPES.GRP_WORK,
    memberList: [{ userID: "bob" }],
    joinOption: SDK.TYPES.JOIN_OPTIONS_FREE_ACCESS,
  });
  return data.group.groupID;
}

export const addToBlocked = (chat: ChatSDK, userIDList: string[]) => chat.addToBlacklist({ userIDList });
