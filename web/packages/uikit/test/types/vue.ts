/** The types of the elements for Vue's tools. If they are wrong, this file does not compile. It is never run. */

import { expectTypeOf } from "vitest";
import type { GlobalComponents } from "vue";
import type {} from "../../src/frameworks/vue.js";

type Conversations = InstanceType<GlobalComponents["tuikit-conversation"]>;

expectTypeOf<Conversations["$props"]["isShowOnlineStatus"]>().toEqualTypeOf<boolean | undefined>();
expectTypeOf<Conversations["$emit"]>().toBeCallableWith("tuikit-conversation-tap", ({ detail }) => {
  expectTypeOf(detail.conversation.conversationID).toEqualTypeOf<string>();
});
