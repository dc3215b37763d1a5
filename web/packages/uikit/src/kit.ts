/**
 * The state that the components of a page share: the client, the configuration, the lists, and the watcher of
 * statuses.
 *
 * The components read this state, and are notified of its changes. Before `init` is called, they show a placeholder.
 */

import { EVENT } from "@lamplight/chat";
import type { ChatClient, Conversation, Friend } from "./client.js";
import { LoadedList } from "./loaded-list.js";
import {
  DEFAULT_DURATIONS,
  readDurations,
  type StatusDuration,
  type StatusDurations,
} from "./own-status/durations.js";
import { readSuggestions, type SuggestedStatus } from "./own-status/suggestions.js";
import { type AvatarHosts, OWN_HOST, pictureAt, type PicturePolicy, readPolicy } from "./rows/pictures.js";
import { type Memory, Watcher } from "./status/watcher.js";

/** The settings of an application, for `init` and `setConfig`. */
export interface TUIKitConfig {
  /**
   * Whether components show online statuses; default `true`. If it is false, no component shows statuses, queries
   * them or subscribes to them, even if the component's own `isShowOnlineStatus` is true.
   */
  isShowOnlineStatus?: boolean;
  /**
   * The language of the components that have no language of their own: `en` or `zh`. Default: the language of the
   * page.
   */
  language?: string;
  /**
   * The hosts from which the pictures of users are loaded: `"self"` (default: the host of the page), `"none"`, `"*"`,
   * or a list of at most 50 hosts, such as `["cdn.example.com", "*.images.example.com"]`. With a list, the host of
   * the page is allowed as well. A picture on any other host is replaced with initials.
   *
   * Users choose the hosts of their pictures, and a host learns who loads a picture. List only hosts that you trust.
   */
  avatarHosts?: AvatarHosts;
  /**
   * The choices of the time after which a custom status ends, 1 to 12, in the order in which they are shown. At the
   * beginning, the first choice is selected. Default: `["never", 1800, 3600, "tonight", "date"]`.
   */
  statusDurations?: StatusDurations;
  /**
   * The suggested custom statuses, at most 24; an empty list shows none. Default: `null`, which means the kit's own
   * suggestions, in the language of the component.
   */
  statusSuggestions?: readonly SuggestedStatus[] | null;
}

export interface TUIKitOptions {
  /** A client of `@lamplight/chat`, or an object with the same methods. It may be logged in or not. */
  chat: ChatClient;
  config?: TUIKitConfig;
}

/** The kit of one client, from `init` to `destroy`. */
export interface Kit {
  readonly client: ChatClient;
  readonly watcher: Watcher;
  readonly conversations: LoadedList<Conversation>;
  readonly friends: LoadedList<Friend>;
  /** The userIDs on the block list. */
  readonly blocked: LoadedList<string>;
}

interface Running {
  readonly kit: Kit;
  readonly stopWaking: () => void;
}

const defaults: Required<TUIKitConfig> = {
  isShowOnlineStatus: true,
  language: "",
  avatarHosts: "self",
  statusDurations: DEFAULT_DURATIONS,
  statusSuggestions: null,
};
let running: Running | null = null;
let config = defaults;
let policy = OWN_HOST;
let durations = DEFAULT_DURATIONS;
/** The hosts that were refused and reported in the console of the browser. */
const toldOf = new Set<string>();
/** The maximum number of hosts that are reported. More reports would not help. */
const MOST_TOLD_OF = 20;
const listeners = new Set<() => void>();

/** The kit of this page. */
export const TUIKit = {
  /**
   * Sets the client of the components, and the configuration. If there is a kit already, it is destroyed. Settings
   * that are missing get their default values, even if `setConfig` was called before. If a setting is invalid, throws
   * a `TypeError` and changes nothing.
   */
  init({ chat, config: wanted = {} }: TUIKitOptions): void {
    configure({ ...defaults, ...wanted });
    void TUIKit.destroy();
    running = start(chat);
    tell();
  },

  /**
   * Changes the configuration. Settings that are missing are not changed. Call it after `init`, which sets the whole
   * configuration. If a setting is invalid, throws a `TypeError` and changes nothing.
   */
  setConfig(change: TUIKitConfig): void {
    configure({ ...config, ...change });
    running?.kit.watcher.turn(config.isShowOnlineStatus);
    tell();
  },

  /** The current configuration. */
  get config(): Readonly<Required<TUIKitConfig>> {
    return config;
  },

  /**
   * Ends the subscriptions of the kit, and stops listening to the client. The client stays logged in. The components
   * show placeholders until the next `init`.
   */
  async destroy(): Promise<void> {
    const ended = running;
    running = null;
    tell();
    if (ended !== null) {
      ended.stopWaking();
      ended.kit.conversations.stop();
      ended.kit.friends.stop();
      ended.kit.blocked.stop();
      await ended.kit.watcher.stop();
    }
  },
};

/** The current kit; null before `init` and after `destroy`. */
export function currentKit(): Kit | null {
  return running?.kit ?? null;
}

/**
 * Calls `listener` after each change of the kit, its configuration or one of its lists. Returns a function that
 * removes the listener.
 */
export function onKitChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Returns the address of a user's picture if the policy allows it; otherwise, an empty text. `own` is the policy of
 * one component; it replaces the policy of the kit.
 */
export function allowedPicture(address: string, own?: PicturePolicy): string {
  const picture = pictureAt(address, own ?? policy, document.baseURI);
  switch (picture.is) {
    case "loaded":
      return picture.address;
    case "absent":
      return "";
    case "refused":
      if (!toldOf.has(picture.host) && toldOf.size < MOST_TOLD_OF) {
        toldOf.add(picture.host);
        console.warn(
          `[TUIKit] Pictures of ${picture.host} are not loaded; if you trust that host, allow it: ` +
            "TUIKit.setConfig({ avatarHosts: [" +
            `${JSON.stringify(picture.host)}] })`,
        );
      }
      return "";
  }
}

/** Returns the choices of the time after which a custom status ends. */
export function statusDurations(): readonly StatusDuration[] {
  return durations;
}

/** Sets the whole configuration. If it is invalid, throws an error and changes nothing. */
function configure(wanted: Required<TUIKitConfig>): void {
  const [newPolicy, newDurations] = [readPolicy(wanted.avatarHosts), readDurations(wanted.statusDurations)];
  if (wanted.statusSuggestions !== null) {
    readSuggestions(wanted.statusSuggestions);
  }
  [policy, durations] = [newPolicy, newDurations];
  config = wanted;
}

function tell(): void {
  listeners.forEach((listener) => {
    listener();
  });
}

function start(client: ChatClient): Running {
  const watcher = new Watcher({
    client,
    on: config.isShowOnlineStatus,
    memory: pageMemory(),
    report: (message) => {
      console.warn(`[TUIKit] ${message}`);
    },
  });
  const conversations = new LoadedList<Conversation>({
    client,
    event: EVENT.CONVERSATION_LIST_UPDATED,
    read: async () => (await client.getConversationList()).data.conversationList,
    onChange: tell,
  });
  const friends = new LoadedList<Friend>({
    client,
    event: EVENT.FRIEND_LIST_UPDATED,
    read: async () => (await client.getFriendList()).data,
    onChange: tell,
  });
  const blocked = new LoadedList<string>({
    client,
    event: EVENT.BLACKLIST_UPDATED,
    read: async () => (await client.getBlacklist?.())?.data ?? [],
    onChange: tell,
  });
  const wake = () => {
    if (document.visibilityState === "visible") {
      watcher.refresh();
    }
  };
  document.addEventListener("visibilitychange", wake);
  const stopWaking = () => {
    document.removeEventListener("visibilitychange", wake);
  };
  return { kit: { client, watcher, conversations, friends, blocked }, stopWaking };
}

/** Returns the session storage of the page; null if the browser forbids access to it. */
function pageMemory(): Memory | null {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}
