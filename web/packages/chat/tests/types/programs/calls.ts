/** A program that uses signalling and asks which features are available. */

import SDK, { type ChatSDK, type Signaling } from "chat-sdk";

export async function call(chat: ChatSDK, userID: string): Promise<string> {
  const { data } = await chat.invite({ userID, data: "{}", timeout: 30, offlinePushInfo: { title: "call" } });
  chat.inviteSync(
    { userID },
    () => undefined,
    (error: { code: number }) => error.code,
  );
  await chat.cancel({ inviteID: data.inviteID });
  return data.inviteID;
}

export function name({ actionType, inviter }: Signaling): string {
  const names: Partial<Record<SDK.TSignaling, string>> = { [SDK.TSignaling.ACTION_TYPE_ACCEPT_INVITE]: "accepted" };
  return `${inviter} ${names[actionType] ?? ""}`;
}

export function isEnabled(chat: ChatSDK, feature: number): Promise<boolean> {
  return (chat.callExperimentalAPI("isCommercialAbilityEnabled", feature) as any).then((response: any) => {
    return response.data.enabled as boolean;
  });
}
