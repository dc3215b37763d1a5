/**
 * The elements in the templates of Vue 3. This module has only types: `import type {} from "@lamplight/uikit/vue";`
 * Vue's compiler needs `isCustomElement: (tag) => tag.startsWith("tuikit-")`.
 */

import type { HTMLAttributes } from "vue";
import type { Events, Properties, Tag } from "./elements.js";

type Listen<E> = <N extends keyof E & string>(name: N, listener: (event: E[N]) => void) => void;

/** The types that Vue's tools read from a component. */
type Components = {
  [T in Tag]: new () => HTMLElementTagNameMap[T] & {
    /** @deprecated Missing at run time; only Vue's tools read this property. */
    $props: HTMLAttributes & Properties[T];
    /** @deprecated Missing at run time; only Vue's tools read this property. */
    $emit: Listen<Events[T]>;
  };
};

declare module "vue" {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- an interface is what can be merged
  interface GlobalComponents extends Components {}
}
