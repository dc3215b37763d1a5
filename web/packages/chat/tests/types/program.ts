/**
 * A program about user status, friends and messages, written for the cloud's SDK. It is compiled with the typings of
 * the cloud and with those of Lamplight, but never run. Only the import differs (see `tsconfig.*.json`).
 */

import SDK from "chat-sdk";

const chat = SDK.create({ SDKAppID: 1400000001, proxyServer: "wss://chat.example" });

interface Status {
  userID: string;
  statusType: number;
  customStatus: string;
}

const roster = new Map<string, Status>();

function onUserStatusUpdated(event: { name: string; data: Status[] }) {
  for (const { userID, statusType, customStatus } of event.data) {
    roster.set(userID, { userID, statusType, customStatus });
  }
}

function isOnline(userID: string): boolean {
  return roster.get(userID)?.statusType === SDK.TYPES.USER_STATUS_ONLINE;
}

function labelOf(statusType: number): string {
  switch (statusType) {
    case SDK.TYPES.USER_STATUS_ONLINE:
      return "online";
    case SDK.TYPES.USER_STATUS_OFFLINE:
      return "offline";
    case SDK.TYPES.USER_STATUS_UNLOGINED:
      return "not logged in";
    default:
      return "unknown";
  }
}

function onKickedOut({ data }: { data: { type: string } }) {
  const reasons = new Map<string, string>([
    [String(SDK.TYPES.KICKED_OUT_MULT_ACCOUNT), "another page"],
    [String(SDK.TYPES.KICKED_OUT_MULT_DEVICE), "another device"],
    [String(SDK.TYPES.KICKED_OUT_USERSIG_EXPIRED), "log in again"],
    [String(SDK.TYPES.KICKED_OUT_REST_API), "the operator"],
  ]);
  return reasons.get(data.type);
}

class View {
  title = "";
  refresh(this: View, event: { data: { conversationID: string; unreadCount: number }[] }) {
    this.title = event.data.map(({ conversationID, unreadCount }) => `${conversationID} ${unreadCount}`).join();
  }
}

export async function main(userID: string, userSig: string) {
  const view = new View();
  chat.setLogLevel(1);
  chat.on(SDK.EVENT.SDK_READY, onReady);
  chat.on(SDK.EVENT.SDK_NOT_READY, () => {
    roster.clear();
  });
  chat.on(SDK.EVENT.USER_STATUS_UPDATED, onUserStatusUpdated);
  chat.on(SDK.EVENT.KICKED_OUT, onKickedOut);
  chat.on(SDK.EVENT.NET_STATE_CHANGE, ({ data }: { data: { state: string } }) => data.state);
  chat.on(SDK.EVENT.ERROR, ({ data }: { data: { code: number; message: string } }) => data.code);
  chat.on(SDK.EVENT.CONVERSATION_LIST_UPDATED, view.refresh, view);
  chat.on(
    SDK.EVENT.MESSAGE_RECEIVED,
    ({ data }: { data: { from: string; payload: { text: string } }[] }) => data.length,
  );
  chat.on(SDK.EVENT.FRIEND_LIST_UPDATED, ({ data }: { data: { userID: string; remark: string }[] }) => data.length);
  chat.on(SDK.EVENT.PROFILE_UPDATED, ({ data }: { data: { userID: string; nick: string }[] }) => data.length);
  chat.on(SDK.EVENT.TOTAL_UNREAD_MESSAGE_COUNT_UPDATED, ({ data }: { data: number }) => data);
  await chat.login({ userID, userSig });
}

async function onReady() {
  const me = String(chat.getLoginUser());
  const time = Number(chat.getServerTime());
  if (!chat.isReady() || time <= 0) {
    return;
  }
  const own = await chat.setSelfStatus({ customStatus: "listening" });
  const { customStatus } = own.data;
  const { data } = await chat.getUserStatus({ userIDList: [me, "bob"] });
  data.successUserList.forEach((status: Status) => roster.set(status.userID, status));
  data.failureUserList.forEach(({ code, message }: { code: number; message: string }) => `${code} ${message}`);
  const subscribed = await chat.subscribeUserStatus({ userIDList: ["bob"] });
  subscribed.data.failureUserList.forEach(({ userID }: { userID: string }) => userID);
  await chat.unsubscribeUserStatus({ userIDList: ["bob"] });
  await chat.unsubscribeUserStatus({ userIDList: undefined });
  chat.off(SDK.EVENT.USER_STATUS_UPDATED, onUserStatusUpdated);

  const profile = await chat.getMyProfile();
  await chat.updateMyProfile({ nick: "Alice", avatar: "https://example.org/a.png" });
  const profiles = await chat.getUserProfile({ userIDList: ["bob"] });
  const friends = await chat.getFriendList();
  friends.data.map((friend: { userID: string; profile: { nick: string } }) => isOnline(friend.userID));
  await chat.addFriend({ to: "bob", source: "AddSource_Type_Web", remark: "B", type: SDK.TYPES.SNS_ADD_TYPE_BOTH });
  await chat.updateFriend({ userID: "bob", remark: "Bobby" });
  await chat.checkFriend({ userIDList: ["bob"], type: SDK.TYPES.SNS_CHECK_TYPE_BOTH });
  await chat.getFriendProfile({ userIDList: ["bob"] });
  await chat.deleteFriend({ userIDList: ["bob"], type: SDK.TYPES.SNS_DELETE_TYPE_BOTH });

  const { data: lists } = await chat.getConversationList();
  lists.conversationList.map((row: { conversationID: string; lastMessage: { messageForShow: string } }) => row);
  await chat.getConversationList(["C2Cbob"]);
  await chat.getConversationList({ type: SDK.TYPES.CONV_C2C, hasUnreadCount: true });
  await chat.getConversationProfile("C2Cbob");
  await chat.pinConversation({ conversationID: "C2Cbob", isPinned: true });
  await chat.setMessageRead({ conversationID: "C2Cbob" });
  const total: number = chat.getTotalUnreadMessageCount();
  const message = chat.createTextMessage({
    to: "bob",
    conversationType: SDK.TYPES.CONV_C2C,
    payload: { text: "hello" },
  });
  const sent = await chat.sendMessage(message);
  if (sent.data.message.status !== "success") {
    await chat.resendMessage(message);
  }
  const page = await chat.getMessageList({ conversationID: "C2Cbob" });
  if (page.data.isCompleted !== true) {
    await chat.getMessageList({ conversationID: "C2Cbob", nextReqMessageID: page.data.nextReqMessageID });
  }
  await chat.deleteConversation("C2Cbob");
  await chat.deleteConversation({ conversationIDList: ["C2Cbob"] });
  await chat.logout();
  await chat.destroy();
  return [customStatus, profile.data.nick, profiles.data, labelOf(SDK.TYPES.USER_STATUS_ONLINE), total];
}
