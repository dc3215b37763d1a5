/**
 * The status of a user in Vue 3:
 *
 *     app.use(lamplight, { chat });
 *     const status = useUserStatus("bob");
 */

import {
  type App,
  inject,
  type InjectionKey,
  type MaybeRefOrGetter,
  onScopeDispose,
  readonly,
  type ShallowRef,
  shallowRef,
  toValue,
  watch,
} from "vue";
import type { UserStatus } from "../machine/status.js";
import { type StatusClient, statusStore } from "./store.js";

const CLIENT: InjectionKey<StatusClient> = Symbol("lamplight");

/**
 * The plugin that provides the client of the SDK to the components of an application. If the store of the client is
 * destroyed, components that are set up afterwards use the next store.
 */
export const lamplight = {
  install(app: App, { chat }: { chat: StatusClient }): void {
    app.provide(CLIENT, chat);
  },
};

/**
 * Returns the newest status of a user, and updates it until the component is unmounted. Undefined if `userID` is
 * undefined, while the status is not known or no user is logged in, and in server-side rendering. Throws an error if
 * the application does not use the plugin.
 */
export function useUserStatus(
  userID: MaybeRefOrGetter<string | undefined>,
): Readonly<ShallowRef<UserStatus | undefined>> {
  const client = inject(CLIENT, null);
  if (client === null) {
    throw new Error("useUserStatus needs app.use(lamplight, { chat })");
  }
  const store = statusStore(client);
  const status = shallowRef<UserStatus>();
  if (typeof document !== "undefined") {
    let stop: () => void = () => undefined;
    const follow = (user: string | undefined) => {
      stop();
      const read = () => {
        status.value = user === undefined ? undefined : store.get(user);
      };
      stop = user === undefined ? () => undefined : store.subscribe(user, read);
      read();
    };
    watch(() => toValue(userID), follow, { immediate: true });
    onScopeDispose(() => {
      stop();
    });
  }
  return readonly(status) as Readonly<ShallowRef<UserStatus | undefined>>;
}
