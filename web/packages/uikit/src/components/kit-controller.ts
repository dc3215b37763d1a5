/**
 * Connects a component to the kit of the page: renders the component again after changes, and reports the users that
 * it shows.
 */

import type { ReactiveController, ReactiveControllerHost } from "lit";
import { cancelWake, presentAt, wakeAfter } from "../clock.js";
import { currentKit, type Kit, onKitChange, TUIKit } from "../kit.js";
import type { Shown } from "../status/ledger.js";
import type { Watcher } from "../status/watcher.js";
import { endText, remainingOf } from "../words/remaining.js";
import type { Words } from "../words/words.js";

/** The longest time after which relative times such as "5 minutes ago" are updated, in milliseconds. */
const TICK = 30_000;

let views = 0;

export interface StatusHost {
  /** Whether the component shows online statuses. */
  readonly isShowOnlineStatus: boolean;
}

/** The reason why statuses may be outdated, or are not shown. */
export type Trouble =
  | { readonly is: "cut"; readonly isConnecting: boolean; readonly reconnect: (() => void) | undefined }
  /** The app has switched statuses off, or its edition does not have them. */
  | { readonly is: "withheld"; readonly code: number };

/** The end of a custom status to show. */
export interface ShownEnd {
  /** The time until the end, such as "for 25 min". */
  readonly text: string;
  /** The tooltip, such as "until 18:30". */
  readonly title: string;
}

export class KitController implements ReactiveController {
  readonly #host: ReactiveControllerHost & StatusHost;
  readonly #view: string;
  #stopKit: (() => void) | null = null;
  #stopStatus: (() => void) | null = null;
  #watcher: Watcher | null = null;
  /** The delay until one of the shown texts changes, in milliseconds. */
  #redrawIn = TICK;
  #onScreen = new Set<string>();
  #isShowing = false;
  #lastListed: readonly string[] = [];
  #lastOnScreen = "";

  constructor(host: ReactiveControllerHost & StatusHost) {
    this.#host = host;
    views += 1;
    this.#view = `view-${views}`;
    host.addController(this);
  }

  get kit(): Kit | null {
    return currentKit();
  }

  get language(): string {
    return TUIKit.config.language;
  }

  hostConnected(): void {
    this.#stopKit = onKitChange(() => {
      this.#follow();
      this.#host.requestUpdate();
    });
    this.#follow();
    this.#host.requestUpdate();
  }

  hostDisconnected(): void {
    this.#stopKit?.();
    this.#stopKit = null;
    this.#stopStatus?.();
    this.#stopStatus = null;
    this.#watcher?.hide(this.#view);
    this.#watcher = null;
    this.#isShowing = false;
    cancelWake(this.#redraw);
  }

  hostUpdate(): void {
    this.#redrawIn = TICK;
  }

  hostUpdated(): void {
    if (this.#stopKit !== null) {
      wakeAfter(this.#redrawIn, this.#redraw);
    }
  }

  readonly #redraw = (): void => {
    this.#host.requestUpdate();
  };

  /** The status to show for a user. Undefined if it is unknown, or if this component or the kit shows no statuses. */
  status(userID: string): Shown | undefined {
    return this.#isOn ? this.kit?.watcher.shown(userID) : undefined;
  }

  /**
   * Returns the end of a custom status to show; undefined if there is none, or if the end has passed. Must be called
   * while rendering. The component is rendered again when the text changes.
   */
  endOf(status: Shown | undefined, words: Words): ShownEnd | undefined {
    const end = status?.customExpires;
    if (end === undefined || status?.customStatus === "") {
      return undefined;
    }
    const now = presentAt(this.kit?.client);
    const { text, changesAt } = remainingOf(end, now, words);
    this.#redrawIn = Math.min(this.#redrawIn, changesAt - now);
    return text === "" ? undefined : { text, title: words.until(endText(end, now, words)) };
  }

  /** Whether the shown statuses were received before the connection was lost. */
  get isStale(): boolean {
    return (this.kit?.watcher.net ?? "connected") !== "connected";
  }

  /** The problem that this component has to report: a lost connection, or an app that does not allow statuses. */
  get trouble(): Trouble | undefined {
    const watcher = this.kit?.watcher;
    if (watcher === undefined) {
      return undefined;
    }
    const { net, gate, reconnect } = watcher;
    if (net !== "connected") {
      return { is: "cut", isConnecting: net === "connecting", reconnect };
    }
    return this.#isOn && gate.is === "closed" ? { is: "withheld", code: gate.code } : undefined;
  }

  /** Reports all users in the component, and those who are visible. Must be called after rendering. */
  shows(listed: readonly string[], onScreen: readonly string[]): void {
    if (!this.#isOn || this.#watcher === null) {
      if (this.#isShowing) {
        this.#watcher?.hide(this.#view);
        this.#isShowing = false;
      }
      return;
    }
    const key = onScreen.join("\n");
    if (this.#isShowing && listed === this.#lastListed && key === this.#lastOnScreen) {
      return;
    }
    this.#isShowing = true;
    this.#lastListed = listed;
    this.#lastOnScreen = key;
    this.#onScreen = new Set(onScreen);
    this.#watcher.show(this.#view, { listed, onScreen });
  }

  /** Whether this component shows statuses: both its own switch and the kit's are on. */
  get #isOn(): boolean {
    return this.#host.isShowOnlineStatus && TUIKit.config.isShowOnlineStatus;
  }

  /** Connects to the new kit after `init` was called. */
  #follow(): void {
    const watcher = this.kit?.watcher ?? null;
    if (watcher === this.#watcher) {
      return;
    }
    this.#stopStatus?.();
    this.#watcher = watcher;
    this.#isShowing = false;
    this.#stopStatus =
      watcher?.listen((users) => {
        if (users === "everybody" || users.some((user) => this.#onScreen.has(user))) {
          this.#host.requestUpdate();
        }
      }) ?? null;
  }
}
