/** The texts of the card with the visibility and the block list of a user. */

export const PRIVACY_EN = {
  title: "Visibility and block list",
  visibility: "Who may see the status",
  visibilities: { everyone: "Everyone", friends: "Mutual friends", nobody: "Nobody" },
  saved: "The visibility is set.",
  blocked: "Blocked users",
  none: "This user has blocked nobody.",
  since: (time: string) => `since ${time}`,
  user: "userID",
  block: "Block",
  already: "This user is already blocked.",
  isBlocked: (user: string) => `${user} is blocked.`,
  unblock: "Unblock",
  unblockTitle: (user: string) => `Unblock ${user}?`,
  unblockText: "The user can write again, and see the status as others do.",
  isUnblocked: (user: string) => `${user} is not blocked any longer.`,
};

export const PRIVACY_ZH: typeof PRIVACY_EN = {
  title: "可见范围与黑名单",
  visibility: "谁可以看到状态",
  visibilities: { everyone: "所有人", friends: "互为好友的用户", nobody: "无人" },
  saved: "可见范围已设置。",
  blocked: "黑名单",
  none: "该用户的黑名单为空。",
  since: (time) => `始于 ${time}`,
  user: "userID",
  block: "加入黑名单",
  already: "该用户已在黑名单中。",
  isBlocked: (user) => `已将 ${user} 加入黑名单。`,
  unblock: "移出黑名单",
  unblockTitle: (user) => `将 ${user} 移出黑名单？`,
  unblockText: "此后该用户可以再次发消息，并像其他人一样看到状态。",
  isUnblocked: (user) => `已将 ${user} 移出黑名单。`,
};
