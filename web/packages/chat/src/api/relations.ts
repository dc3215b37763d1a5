/** The calls about profiles, friends, the block list and the visibility. */

import { TYPES } from "./constants.js";
import { type Core, failedUsers } from "./core.js";
import { CODES } from "../gen/codes.js";
import { ChatError } from "../machine/errors.js";
import type { FriendJson, VisibilityJson } from "../gen/wire.js";
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
 * Checks the relations to users with the client's copy of the user's own friend list. The copy shows which friendships
 * are mutual. For a user who is not on the list, the result is no relation, whatever that user's own list contains.
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

// The block list and the visibility.

/**
 * Adds users to the block list, or removes them. A user for whom nothing has to be changed counts as a success. Throws
 * an error if the call fails for all users.
 */
export async function changeBlocked(
  { driver, lists }: Core,
  { userIDList }: api.UserListOptions,
  isAdding: boolean,
): Promise<api.BlacklistResult> {
  const userIds = check.userList(userIDList, "userIDList");
  const { failures } = await (isAdding
    ? driver.call("blockUsers", { userIds }, ({ blocked = [], listsVersion }) => {
        lists.learn({ blocked }, listsVersion);
      })
    : driver.call("unblockUsers", { userIds }, ({ listsVersion }) => {
        // A user for whom the call failed is not on the list.
        lists.learn({ unblocked: userIds }, listsVersion);
      }));
  const done = CODES[isAdding ? "ALREADY_BLOCKED" : "NOT_BLOCKED"].number;
  const failureUserList = failedUsers(failures).filter(({ code }) => code !== done);
  const data = userIds.filter((user) => !failureUserList.some(({ userID }) => userID === user));
  if (data.length === 0 && failureUserList[0] !== undefined) {
    throw new ChatError(failureUserList[0]);
  }
  return { code: 0, data, failureUserList };
}

const VISIBILITIES: readonly api.Visibility[] = ["everyone", "friends", "nobody"];

export async function setVisibility({ driver, lists }: Core, wanted: api.Visibility): Promise<api.Visibility> {
  const found = check.oneOf(wanted, VISIBILITIES, "the visibility");
  if (found === undefined) {
    throw check.wrong(`the visibility must be ${VISIBILITIES.join(" or ")}`);
  }
  const visibility = `VISIBILITY_${found.toUpperCase()}` as VisibilityJson;
  await driver.call("setVisibility", { visibility }, ({ listsVersion }) => {
    lists.learn({ visibility }, listsVersion);
  });
  return found;
}

/** Converts a visibility of the server. An unknown visibility of a newer server counts as `nobody`. */
export function visibilityOf(told: VisibilityJson): api.Visibility {
  return VISIBILITIES.find((one) => told === `VISIBILITY_${one.toUpperCase()}`) ?? "nobody";
}
