/**
 * The state that the components of a page share: the client, the configuration, the two lists and the watcher of statuses.
 *
 * Components do not get it handed down: they find it here, and are told when it changes. Before `init` they show
 * that they wait.
 */

import { EVENT } from "@lamplight/chat";
import type { ChatClient, Conversation, Friend } from "./client.js";
import { LoadedList } from "./loaded-list.js";
import { type AvatarHosts, OWN_HOST, pictureAt, type PicturePolicy, readPolicy } from "./rows/pictures.js";
import { type Memory, Watcher } from "./status/watcher.js";

/** The settings of an application, at `init` and later. */
export interface TUIKitConfig {
  /**
   * The master switch of online statuses; default `true`. Off: no component asks for a status, subscribes to one or
   * shows one, whatever its own switch says.
   */
  isShowOnlineStatus?: boolean;
  /** The language of all components that have no `language` of their own: `en`, `zh`. Default: that of the page. */
  language?: string;
  /**
   * The hosts that pictures of users are loaded from: `"self"` (default: the host of the page), `"none"`, `"*"`, or a
   * list such as `["cdn.example.com", "*.images.example.com"]`, to which the host of the page is added. Users whose
   * picture is somewhere else are shown with their initials. Whoever sets a picture chooses its host, and that host sees
   * who looks: name only hosts that you trust.
   */
  avatarHosts?: AvatarHosts;
}

export interface TUIKitOptions {
  /** A client of `@lamplight/chat`, or an object of its shape. Logged in or not. */
  chat: ChatClient;
  config?: TUIKitConfig;
}

/** A kit, which lives from `init` to `destroy`. */
export interface Kit {
  readonly client: ChatClient;
  readonly watcher: Watcher;
  readonly conversations: LoadedList<Conversation>;
  readonly friends: LoadedList<Friend>;
}

interface Running {
  readonly kit: Kit;
  readonly stopWaking: () => void;
}

const defaults: Required<TUIKitConfig> = { isShowOnlineStatus: true, language: "", avatarHosts: "self" };
let running: Running | null = null;
let config = defaults;
let policy = OWN_HOST;
/** The hosts that were refused and told of. */
const toldOf = new Set<string>();
/** After so many a list of hosts says no more than the first ones did. */
const MOST_TOLD_OF = 20;
const listeners = new Set<() => void>();

/** The kit of this page. */
export const TUIKit = {
  /** Gives the components their client. A kit that was there before is destroyed. */
  init({ chat, config: wanted = {} }: TUIKitOptions): void {
    configure({ ...defaults, ...wanted });
    void TUIKit.destroy();
    running = start(chat);
    tell();
  },

  /** Changes the configuration; what is not named stays as it is. */
  setConfig(change: TUIKitConfig): void {
    configure({ ...config, ...change });
    running?.kit.watcher.turn(config.isShowOnlineStatus);
    tell();
  },

  /** The configuration as it is. */
  get config(): Readonly<Required<TUIKitConfig>> {
    return config;
  },

  /** Gives back the subscriptions of the kit and lets go of the client, which stays logged in. */
  async destroy(): Promise<void> {
    const ended = running;
    running = null;
    tell();
    if (ended !== null) {
      ended.stopWaking();
      ended.kit.conversations.stop();
      ended.kit.friends.stop();
      await ended.kit.watcher.stop();
    }
  },
};

/** The kit that runs now; null before `init` and after `destroy`. */
export function currentKit(): Kit | null {
  return running?.kit ?? null;
}

/** Calls back when the kit, its configuration or one of its lists has changed. Hands back how to stop. */
export function onKitChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * The address of a user's picture, where the policy lets it be loaded; else an empty text. `own` is the policy of one
 * component, which counts instead of that of the kit.
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

/** Takes the configuration as a whole, or throws and changes nothing. */
function configure(wanted: Required<TUIKitConfig>): void {
  policy = readPolicy(wanted.avatarHosts);
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
  const wake = () => {
    if (document.visibilityState === "visible") {
      watcher.refresh();
    }
  };
  document.addEventListener("visibilitychange", wake);
  const stopWaking = () => {
    document.removeEventListener("visibilitychange", wake);
  };
  return { kit: { client, watcher, conversations, friends }, stopWaking };
}

/** The page's own memory, where the browser grants it. */
function pageMemory(): Memory | null {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}
