/** Compiles, or the elements are not what Vue's tools are told. Never run. */

import { expectTypeOf } from "vitest";
import type { GlobalComponents } from "vue";
import type {} from "../../src/frameworks/vue.js";

type Conversations = InstanceType<GlobalComponents["tuikit-conversation"]>;

expectTypeOf<Conversations["$props"]["isShowOnlineStatus"]>().toEqualTypeOf<boolean | undefined>();
expectTypeOf<Conversations["$emit"]>().toBeCallableWith("tuikit-conversation-tap", ({ detail }) => {
  expectTypeOf(detail.conversation.conversationID).toEqualTypeOf<string>();
});
