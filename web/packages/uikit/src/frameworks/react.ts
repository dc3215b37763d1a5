/**
 * The elements in JSX, for React 19, which sets the properties of custom elements and listens to their events. This
 * module has only types: `import type {} from "@lamplight/uikit/react";`
 */

import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type { Events, Properties, Tag } from "./elements.js";

type Listeners<E> = { [N in keyof E & string as `on${N}`]?: (event: E[N]) => void };

type Elements = {
  [T in Tag]: DetailedHTMLProps<HTMLAttributes<HTMLElementTagNameMap[T]>, HTMLElementTagNameMap[T]> &
    Properties[T] &
    Listeners<Events[T]>;
};

declare module "react" {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- React's own
  namespace JSX {
    // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- an interface is what can be merged
    interface IntrinsicElements extends Elements {}
  }
}
