/** The view after the login: the lists, the conversation, and the details of the status, side by side. */

import { CODES, type UserStatus } from "@lamplight/chat";
import { type ContactEventDetail, type ConversationEventDetail, isComposing } from "@lamplight/uikit";
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { deskStyles } from "./desk-styles.js";
import { common } from "./styles.js";
import { backIcon, closeIcon, infoIcon, leaveIcon, plusIcon, windowIcon } from "./icons.js";
import type { Picture } from "../picture.js";
import { hashOf, outerOf, type Route, routeOf, type Tab } from "../route.js";
import type { Person, Stage } from "../session.js";
import type { Words } from "../words/words.js";

/**
 * The actions of a visitor. The object that provides an action also shows its errors. A `boolean` result tells whether
 * the action succeeded.
 */
export interface Actions {
  leave(): Promise<void>;
  /** Queries the status of a user who may not exist. */
  meet(userID: string): Promise<boolean>;
  /** Queries the status of a user who is shown. If the query fails, the lists show the error. */
  glance(userID: string): void;
  befriend(userID: string): Promise<boolean>;
  showStatus(shown: boolean): void;
}

@customElement("lamplight-desk")
export class LamplightDesk extends LitElement {
  static override styles = [common, deskStyles];

  @property({ attribute: false }) words!: Words;
  @property({ attribute: false }) inside!: Extract<Stage, { at: "inside" }>;
  @property({ attribute: false }) picture!: Picture;
  @property({ attribute: false }) personOf!: (userID: string) => Person;
  @property({ attribute: false }) actions!: Actions;
  /** Returns the current time by the server's clock. */
  @property({ attribute: false }) now!: () => number;
  @property() theme: "light" | "dark" = "light";
  @property({ type: Boolean }) showsStatus = true;
  /** Whether a conversation is open. On a small screen, it is shown in place of the lists. */
  @property({ type: Boolean, reflect: true }) open = false;

  @state() private route: Route = routeOf(location.hash);
  @state() private writing = false;

  /**
   * The media queries for small windows. In a `narrow` window, the details of a status do not fit beside the chat. In a
   * `small` window, the lists do not fit either.
   */
  readonly #narrow = matchMedia("(max-width: 70rem)");
  readonly #small = matchMedia("(max-width: 46rem)");

  override connectedCallback(): void {
    super.connectedCallback();
    window.addEventListener("popstate", this.#moved);
    this.#narrow.addEventListener("change", this.#redraw);
    window.addEventListener("keydown", this.#key);
    this.#glance();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener("popstate", this.#moved);
    this.#narrow.removeEventListener("change", this.#redraw);
    window.removeEventListener("keydown", this.#key);
  }

  /** Moves the focus to the title, because the button that had it is gone. */
  protected override firstUpdated(): void {
    this.#focus("h1");
  }

  protected override willUpdate(changed: PropertyValues): void {
    this.open = this.route.peer !== "";
    const before = changed.get("inside") as typeof this.inside | undefined;
    if (before !== undefined && before.withheld !== 0 && this.inside.withheld === 0) {
      this.#glance();
    }
  }

  protected override updated(changed: PropertyValues): void {
    const before = changed.get("route") as Route | undefined;
    if (before !== undefined) {
      void this.#followFocus(before, this.route);
    }
  }

  protected override render(): TemplateResult {
    return html`${this.#lists()}${this.#conversation()}${this.#side()}`;
  }

  #lists(): TemplateResult {
    const { words, inside, theme, actions, personOf } = this;
    const { tab, peer } = this.route;
    return html`<nav aria-label=${words.chats} ?inert=${this.#isCovered}>
      <h1 class="hidden-text" tabindex="-1">Lamplight, ${personOf(inside.userID).name}</h1>
      <lamplight-self-card
        .words=${words}
        .userID=${inside.userID}
        .profile=${inside.profile}
        .status=${this.#statusOf(inside.userID)}
        .theme=${theme}
      >
        <slot name="preferences"></slot>
        <button class="icon" title=${words.leave} aria-label=${words.leave} @click=${() => actions.leave()}>
          ${leaveIcon}
        </button>
      </lamplight-self-card>
      <div class="tabs">
        <div role="tablist" aria-label=${words.chats} @keydown=${this.#tabKey}>
          ${this.#tab("chats", words.chats, inside.unread)}${this.#tab("contacts", words.contacts, 0)}
        </div>
        <button
          class="icon new-chat"
          title=${words.writeTo}
          aria-label=${words.writeTo}
          aria-expanded=${this.writing ? "true" : "false"}
          @click=${() => this.#write(!this.writing)}
        >
          ${plusIcon}
        </button>
      </div>
      ${this.writing ? this.#newChat() : nothing}
      <div class="list" role="tabpanel" id="panel" aria-labelledby="tab-${tab}">
        ${
          tab === "chats"
            ? html`<tuikit-conversation
                language=${words.locale}
                theme=${theme}
                selected-id=${peer === "" ? "" : `C2C${peer}`}
                @tuikit-conversation-tap=${({ detail }: CustomEvent<ConversationEventDetail>) => {
                  this.#show(detail.conversation.conversationID.slice(3));
                }}
              ></tuikit-conversation>`
            : html`<tuikit-contact
                language=${words.locale}
                theme=${theme}
                selected-id=${peer}
                @tuikit-contact-tap=${({ detail }: CustomEvent<ContactEventDetail>) => {
                  this.#show(detail.friend.userID);
                }}
              ></tuikit-contact>`
        }
      </div>
      <footer>
        <label>
          ${words.showStatus}
          <input
            class="switch"
            type="checkbox"
            role="switch"
            .checked=${this.showsStatus}
            @change=${(event: Event) => {
              actions.showStatus((event.target as HTMLInputElement).checked);
            }}
          />
        </label>
        <p class="net ${inside.net}" role="status">${words.net[inside.net]}</p>
      </footer>
    </nav>`;
  }

  #tab(name: Tab, text: string, count: number): TemplateResult {
    const selected = this.route.tab === name;
    return html`<button
      role="tab"
      id="tab-${name}"
      aria-controls="panel"
      aria-selected=${selected ? "true" : "false"}
      tabindex=${selected ? 0 : -1}
      @click=${() => {
        this.#replace({ ...this.route, tab: name });
      }}
    >
      ${text}${count === 0 ? nothing : html`<span class="count">${count > 99 ? "99+" : count}</span>`}
    </button>`;
  }

  async #tabKey(event: KeyboardEvent): Promise<void> {
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      const tab = this.route.tab === "chats" ? "contacts" : "chats";
      this.#replace({ ...this.route, tab });
      await this.updateComplete;
      this.#focus(`#tab-${tab}`);
    }
  }

  #newChat(): TemplateResult {
    const { words } = this;
    return html`<form class="new" @submit=${this.#submit}>
      <input
        name="user"
        required
        maxlength="32"
        autocomplete="off"
        autocapitalize="off"
        spellcheck="false"
        aria-label=${words.writeToHint}
        placeholder=${words.writeToHint}
      />
      <div>
        <button class="primary" name="then" value="write">${words.open}</button>
        <button class="plain" name="then" value="befriend">${words.addFriend}</button>
      </div>
    </form>`;
  }

  /** Opens or closes the form for a new chat, and moves the focus. */
  async #write(writing: boolean): Promise<void> {
    this.writing = writing;
    await this.updateComplete;
    this.#focus(writing ? ".new input" : ".new-chat");
  }

  async #submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement).get("user");
    const userID = typeof given === "string" ? given.trim() : "";
    const then = (event.submitter as HTMLButtonElement | null)?.value;
    const { actions } = this;
    const done = then === "befriend" ? await actions.befriend(userID) : await actions.meet(userID);
    if (done) {
      this.writing = false;
      this.#show(userID);
      await this.updateComplete;
      await this.renderRoot.querySelector("tuikit-chat")?.updateComplete;
      this.#focus("tuikit-chat");
    }
  }

  #conversation(): TemplateResult {
    const { words, theme } = this;
    const { peer } = this.route;
    if (peer === "") {
      return html`<main ?inert=${this.#isCovered}>
        <div class="nobody">
          <strong>${words.pickSomebody}</strong>
          <p>${words.pickHint}</p>
          <a class="plain" href="/" target="_blank" rel="noopener">${windowIcon}${words.secondWindow}</a>
        </div>
      </main>`;
    }
    return html`<main ?inert=${this.#isCovered}>
      <tuikit-chat conversation-id="C2C${peer}" language=${words.locale} theme=${theme}>
        <button
          slot="header-start"
          class="icon only-small back"
          title=${words.back}
          aria-label=${words.back}
          @click=${this.#close}
        >
          ${backIcon}
        </button>
        <button
          slot="header-end"
          class="icon only-narrow info"
          title=${words.details}
          aria-label=${words.details}
          @click=${() => {
            this.#go({ ...this.route, isDetailed: true });
          }}
        >
          ${infoIcon}
        </button>
      </tuikit-chat>
    </main>`;
  }

  #side(): TemplateResult {
    const { words, picture, inside, theme, personOf, route } = this;
    const shown = route.peer === "" ? inside.userID : route.peer;
    const isSelf = shown === inside.userID;
    const withheld = isSelf || inside.withheld === 0 ? "" : words.withheld[withheldBy(inside.withheld)];
    return html`${this.#isCovered ? html`<div class="scrim" @click=${this.#close}></div>` : nothing}
      <aside class=${route.isDetailed ? "shown" : ""} aria-label=${words.about(personOf(shown).name)} tabindex="0">
        <button class="icon only-narrow close" title=${words.close} aria-label=${words.close} @click=${this.#close}>
          ${closeIcon}
        </button>
        <lamplight-evidence
          .words=${words}
          .person=${personOf(shown)}
          .status=${this.#statusOf(shown)}
          .withheld=${withheld}
          .now=${this.now}
          ?stale=${inside.net !== "connected"}
          .theme=${theme}
        ></lamplight-evidence>
        <lamplight-happenings
          .words=${words}
          .happenings=${picture.happenings}
          .personOf=${personOf}
        ></lamplight-happenings>
      </aside>`;
  }

  /**
   * The status to show for a user. While there is no connection, the visitor's own status is unknown, because others
   * may see another status.
   */
  #statusOf(userID: string): UserStatus | undefined {
    const { inside, picture } = this;
    const status = picture.statuses.get(userID);
    const isStale = userID === inside.userID && inside.net !== "connected";
    return status !== undefined && isStale ? { ...status, statusType: 0 } : status;
  }

  #show(peer: string): void {
    this.#go({ ...this.route, peer, isDetailed: false });
    this.#glance();
  }

  /** Queries the status of the peer. The answer has more details than a notification. */
  #glance(): void {
    const { peer } = this.route;
    if (peer !== "" && this.showsStatus && this.inside.withheld === 0) {
      this.actions.glance(peer);
    }
  }

  // The route and its history.

  /** Opens a view with a new entry in the history, so that Back closes it. */
  #go(route: Route): void {
    if (hashOf(route) !== hashOf(this.route)) {
      history.pushState({ isOurs: true }, "", hashOf(route));
      this.route = route;
    }
  }

  /** Replaces the current view, without a new entry in the history. */
  #replace(route: Route): void {
    history.replaceState(history.state, "", hashOf(route));
    this.route = route;
  }

  /**
   * Closes the view that was opened last, like Back. If the visitor came by a link, there is no earlier entry to go
   * back to.
   */
  readonly #close = (): void => {
    const outer = outerOf(this.route);
    if (outer === undefined) {
      return;
    }
    if ((history.state as { isOurs?: boolean } | null)?.isOurs === true) {
      history.back();
    } else {
      this.#replace(outer);
    }
  };

  readonly #moved = (): void => {
    this.route = routeOf(location.hash);
    this.#glance();
  };

  readonly #redraw = (): void => {
    this.requestUpdate();
  };

  /** Whether the details of a status cover the other views. */
  get #isCovered(): boolean {
    return this.route.isDetailed && this.#narrow.matches;
  }

  /**
   * Handles Escape. It closes the topmost of these: the details of a status, the form for a new chat, the chat on a
   * phone.
   */
  readonly #key = (event: KeyboardEvent): void => {
    const isPopup = (node: EventTarget): boolean => node instanceof Element && node.matches(":popover-open");
    if (
      event.key !== "Escape" ||
      isComposing(event) ||
      event.defaultPrevented ||
      event.composedPath().some(isPopup)
    ) {
      return;
    }
    if (this.#isCovered) {
      this.#close();
    } else if (this.writing) {
      void this.#write(false);
    } else if (this.#small.matches) {
      this.#close();
    }
  };

  /**
   * Moves the focus into a view that was opened, or back to the button of a view that was closed. Otherwise, the focus
   * could stay on an element that is hidden.
   */
  async #followFocus(before: Route, now: Route): Promise<void> {
    // A button in a slot exists only after the element with the slot was rendered.
    await this.renderRoot.querySelector("tuikit-chat")?.updateComplete;
    if (now.isDetailed !== before.isDetailed && this.#narrow.matches) {
      this.#focus(now.isDetailed ? ".close" : ".info");
    } else if (now.peer !== before.peer && this.#small.matches) {
      this.#focus(now.peer === "" ? "tuikit-conversation, tuikit-contact" : ".back");
    }
  }

  #focus(selector: string): void {
    this.renderRoot.querySelector<HTMLElement>(selector)?.focus();
  }
}

function withheldBy(code: number): "switchedOff" | "notInEdition" {
  return code === CODES.STATUS_SWITCHED_OFF.number ? "switchedOff" : "notInEdition";
}

declare global {
  interface HTMLElementTagNameMap {
    "lamplight-desk": LamplightDesk;
  }
}
