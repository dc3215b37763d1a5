/** An application that is written as the documentation of the cloud's kit says. It has no code for Lamplight. */

import { TUIStore, StoreName, TUIUserService } from "@tencentcloud/chat-uikit-engine";
import { TUIKit } from "@tencentcloud/chat-uikit-vue";
import { createApp, h } from "vue";

const said = new URLSearchParams(location.hash.slice(1));

TUIStore.watch(StoreName.APP, {
  enabledOnlineStatus: (isEnabled: boolean) => {
    if (isEnabled) {
      TUIUserService.switchUserStatus({ displayOnlineStatus: true });
    }
  },
});

createApp({
  render: () =>
    h(TUIKit, {
      SDKAppID: Number(said.get("app")),
      userID: said.get("user"),
      userSig: said.get("sig"),
      style: "block-size: 100vh",
    }),
}).mount("#app");
