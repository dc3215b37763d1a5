/** The calls about statuses. */

import { type Core, failedUsers } from "./core.js";
import type * as api from "./options.js";
import * as check from "./parameters.js";
import { readStatus, readStatuses, type UserStatus } from "../machine/status.js";

export async function setSelf(
  { driver, self }: Core,
  { customStatus, expiresIn = 0 }: api.SelfStatusOptions,
): Promise<UserStatus> {
  check.text(customStatus, "customStatus");
  const end = check.expiresIn(expiresIn, customStatus) === 0 ? {} : { expiresIn };
  const { status } = await driver.call("setSelfStatus", { customStatus, ...end });
  return readStatus(status ?? { userId: self, customStatus });
}

export async function get({ driver }: Core, { userIDList }: api.UserListOptions): Promise<api.GetUserStatusData> {
  const answer = await driver.call("getUserStatus", { userIds: check.userList(userIDList, "userIDList") });
  return { successUserList: readStatuses(answer.statuses), failureUserList: failedUsers(answer.failures) };
}

export async function subscribe(
  { driver }: Core,
  { userIDList }: api.UserListOptions,
): Promise<api.SubscribeUserStatusData> {
  const answer = await driver.call("subscribeUserStatus", { userIds: check.userList(userIDList, "userIDList") });
  return {
    failureUserList: failedUsers(answer.failures),
    successUserList: readStatuses(answer.statuses),
    evictedUserIDList: answer.evicted ?? [],
  };
}

export async function unsubscribe(
  { driver }: Core,
  { userIDList }: api.UnsubscribeUserStatusOptions,
): Promise<{ failureUserList: api.FailedUser[] }> {
  const userIds = userIDList === undefined ? [] : check.userList(userIDList, "userIDList");
  const answer = await driver.call("unsubscribeUserStatus", { userIds });
  return { failureUserList: failedUsers(answer.failures) };
}

export async function subscriptions({ driver }: Core): Promise<api.SubscriptionsData> {
  const answer = await driver.call("getSubscriptions", {});
  return { userIDList: answer.userIds ?? [], limit: answer.limit ?? 0 };
}
