/**
 * The status of a user in React:
 *
 *     <LamplightProvider chat={chat}>…</LamplightProvider>
 *     const status = useUserStatus("bob");
 */

import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useCallback,
  useContext,
  useSyncExternalStore,
} from "react";
import type { UserStatus } from "../machine/status.js";
import { type StatusClient, type StatusStore, statusStore } from "./store.js";

const Store = createContext<StatusStore | null>(null);

/**
 * Provides the client of the SDK to the components inside. The components may be shown before the login. If the store
 * of the client is destroyed, they use the next store when the provider is rendered again.
 */
export function LamplightProvider({ chat, children }: { chat: StatusClient; children?: ReactNode }): ReactElement {
  return createElement(Store.Provider, { value: statusStore(chat) }, children);
}

/**
 * Returns the newest status of a user, and updates it while the component is mounted. Undefined if `userID` is
 * undefined, while the status is not known or no user is logged in, and in server-side rendering. Throws an error
 * outside of a `LamplightProvider`.
 */
export function useUserStatus(userID: string | undefined): UserStatus | undefined {
  const store = useContext(Store);
  if (store === null) {
    throw new Error("useUserStatus needs <LamplightProvider chat={chat}> around it");
  }
  const subscribe = useCallback(
    (listener: () => void) => (userID === undefined ? () => undefined : store.subscribe(userID, listener)),
    [store, userID],
  );
  const snapshot = () => (userID === undefined ? undefined : store.get(userID));
  return useSyncExternalStore(subscribe, snapshot, store.getServerSnapshot);
}
