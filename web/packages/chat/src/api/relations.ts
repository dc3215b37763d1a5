/** The calls about profiles and friends. */

import { TYPES } from "./constants.js";
import { type Core, failedUsers } from "./core.js";
import { CODES } from "../gen/codes.js";
import type { FriendJson } from "../gen/wire.js";
import type * as api from "./options.js";
import * as check from "./parameters.js";
import { type Friend, friendOf, profileOf, type Profile, type Shapes } from "./shapes.js";

// Profiles.

export async function myProfile({ driver, lists, self }: Core): Promise<Profile> {
  const { profiles } = await driver.call("getUsersInfo", { userIds: [self] }, (answer) => {
    const [own] = answer.profiles ?? [];
    if (own !== undefined) {
      lists.learnProfile(own);
    }
  });
  return profileOf(profiles?.[0], self);
}

export async function profiles({ driver }: Core, { userIDList }: api.UserListOptions): Promise<Profile[]> {
  const answer = await driver.call("getUsersInfo", { userIds: check.userList(userIDList, "userIDList") });
  return (answer.profiles ?? []).map((profile) => profileOf(profile, ""));
}

export async function updateMyProfile(
  { driver, lists, self }: Core,
  options: api.UpdateMyProfileOptions,
): Promise<Profile> {
  const { nick, avatar, allowType, ...others } = options;
  const unknown = Object.keys(others);
  if (unknown.length > 0) {
    throw check.wrong(`only nick, avatar and allowType can be changed, not ${unknown.join(", ")}`);
  }
  const allowed = check.oneOf(allowType, [TYPES.ALLOW_TYPE_ALLOW_ANY, TYPES.ALLOW_TYPE_DENY_ANY], "allowType");
  const answer = await driver.call(
    "setSelfInfo",
    {
      ...(nick === undefined ? {} : { nick: check.text(nick, "nick", check.LONGEST_PROFILE_TEXT) }),
      ...(avatar === undefined ? {} : { avatarUrl: check.text(avatar, "avatar", check.LONGEST_PROFILE_TEXT) }),
      ...(allowed === undefined
        ? {}
        : { allowType: allowed === TYPES.ALLOW_TYPE_DENY_ANY ? "ALLOW_TYPE_DENY_ANY" : "ALLOW_TYPE_ALLOW_ANY" }),
    },
    ({ profile, listsVersion }) => {
      lists.learn(profile === undefined ? {} : { profile }, listsVersion);
    },
  );
  return profileOf(answer.profile, self);
}

// Friends.

export async function addFriend({ driver, lists }: Core, options: api.AddFriendOptions) {
  const userId = check.userID(options.to, "to");
  const type = check.oneOf(options.type, [TYPES.SNS_ADD_TYPE_BOTH, TYPES.SNS_ADD_TYPE_SINGLE], "type");
  await driver.call(
    "addFriend",
    {
      userId,
      remark: check.optionalText(options.remark, "remark", check.LONGEST_REMARK) ?? "",
      addSource: check.optionalText(options.source, "source", check.LONGEST_ADD_TEXT) ?? "",
      addWording: check.optionalText(options.wording, "wording", check.LONGEST_ADD_TEXT) ?? "",
      single: type === TYPES.SNS_ADD_TYPE_SINGLE,
    },
    ({ friend, listsVersion }) => {
      lists.learn(friend === undefined ? {} : { friends: [friend] }, listsVersion);
    },
  );
  return { userID: userId, code: 0 };
}

export async function deleteFriend(
  { driver, lists }: Core,
  options: api.DeleteFriendOptions,
): Promise<api.DeleteFriendData> {
  const userIds = check.userList(options.userIDList, "userIDList");
  const type = check.oneOf(options.type, [TYPES.SNS_DELETE_TYPE_BOTH, TYPES.SNS_DELETE_TYPE_SINGLE], "type");
  const answer = await driver.call(
    "deleteFriends",
    { userIds, single: type === TYPES.SNS_DELETE_TYPE_SINGLE },
    ({ failures, listsVersion }) => {
      const failed = new Set((failures ?? []).map(({ userId }) => userId));
      lists.learn({ deletedFriends: userIds.filter((user) => !failed.has(user)) }, listsVersion);
    },
  );
  const failureUserIDList = failedUsers(answer.failures);
  const failed = new Set(failureUserIDList.map(({ userID }) => userID));
  const successUserIDList = userIds.filter((user) => !failed.has(user)).map((userID) => ({ userID }));
  return { successUserIDList, failureUserIDList };
}

export async function updateFriend({ driver, lists }: Core, options: api.UpdateFriendOptions): Promise<Friend> {
  const { userID, remark, ...others } = options;
  const unknown = Object.keys(others);
  if (unknown.length > 0) {
    throw check.wrong(`only the remark on a friend can be changed, not ${unknown.join(", ")}`);
  }
  const userId = check.userID(userID, "userID");
  const answer = await driver.call(
    "setFriendRemark",
    { userId, remark: check.optionalText(remark, "remark", check.LONGEST_REMARK) ?? "" },
    ({ friend, listsVersion }) => {
      lists.learn(friend === undefined ? {} : { friends: [friend] }, listsVersion);
    },
  );
  return friendOf(answer.friend ?? { userId });
}

/**
 * Checks users with the client's copy of its own friend list, which has the mutual friendships. For users who are not
 * on it, this cannot tell whether they have the client's user as a friend.
 */
export async function checkFriend({ lists }: Core, options: api.CheckFriendOptions): Promise<api.CheckFriendData> {
  const userIDList = check.userList(options.userIDList, "userIDList");
  const type = check.oneOf(options.type, [TYPES.SNS_CHECK_TYPE_BOTH, TYPES.SNS_CHECK_TYPE_SINGLE], "type");
  const friends = new Map((await lists.friends()).map((friend) => [friend.userId ?? "", friend]));
  const relation = (friend: FriendJson | undefined) => {
    if (friend === undefined) {
      return TYPES.SNS_TYPE_NO_RELATION;
    }
    const both = type !== TYPES.SNS_CHECK_TYPE_SINGLE && friend.mutual === true;
    return both ? TYPES.SNS_TYPE_BOTH_WAY : TYPES.SNS_TYPE_A_WITH_B;
  };
  const successUserIDList = userIDList.map((userID) => ({ userID, relation: relation(friends.get(userID)) }));
  return { successUserIDList, failureUserIDList: [] };
}

export async function friendProfiles(
  { lists }: Core,
  shapes: Shapes<FriendJson, Friend>,
  { userIDList }: api.UserListOptions,
): Promise<api.FriendProfileData> {
  const wanted = check.userList(userIDList, "userIDList");
  const friends = new Map((await lists.friends()).map((friend) => [friend.userId ?? "", friend]));
  const code = CODES.NOT_A_FRIEND.number;
  return {
    friendList: wanted.flatMap((user) => friends.get(user) ?? []).map(shapes.of),
    failureUserIDList: wanted
      .filter((user) => !friends.has(user))
      .map((userID) => ({ userID, code, message: CODES.NOT_A_FRIEND.english })),
  };
}
