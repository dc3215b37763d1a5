/** The picture of a user, with a dot for the online status. */

import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { keyed } from "lit/directives/keyed.js";
import type { StatusType } from "../client.js";
import { allowedPicture, onKitChange, TUIKit } from "../kit.js";
import { initialsOf, tintOf } from "../rows/names.js";
import { type PicturePolicy, readPolicy } from "../rows/pictures.js";
import { type Words, wordsOf } from "../words/words.js";
import { theme } from "./theme.js";

/** Returns the name of a status; undefined if the status is unknown. */
export function statusText(status: StatusType | undefined, words: Words, isStale = false): string | undefined {
  const text = nameOf(status, words);
  return text !== undefined && isStale ? words.lastKnown(text) : text;
}

function nameOf(status: StatusType | undefined, words: Words): string | undefined {
  switch (status) {
    case 1:
      return words.online;
    case 2:
      return words.offline;
    case 3:
      return words.unlogined;
    case 0:
    case undefined:
      return undefined;
  }
}

export interface AvatarParts {
  readonly userID: string;
  readonly name: string;
  readonly picture: string;
  readonly status: StatusType | undefined;
  /** Whether the status was received before the connection was lost. */
  readonly isStale?: boolean;
  readonly words: Words;
  /** The hosts from which this element may load pictures; undefined for the kit's `avatarHosts`. */
  readonly policy?: PicturePolicy | undefined;
}

/**
 * Renders the picture and the dot without a custom element, for components that draw many of them. If the picture is
 * missing, not allowed or cannot be loaded, renders initials.
 */
export function avatar(parts: AvatarParts): TemplateResult {
  const { userID, name, picture: told, status, isStale, words, policy } = parts;
  const picture = allowedPicture(told, policy);
  const label = statusText(status, words, isStale);
  const kind = isStale ? "stale" : status === 1 ? "online" : "offline";
  return html`<span class="avatar" part="avatar">
    <span class="initials tint-${tintOf(userID)}" aria-hidden="true">${initialsOf(name)}</span>
    ${
      picture === ""
        ? nothing
        : keyed(
            picture,
            html`<img
              alt=""
              loading="lazy"
              decoding="async"
              referrerpolicy="no-referrer"
              draggable="false"
              src=${picture}
              @load=${show}
            />`,
          )
    }
    ${
      label === undefined
        ? nothing
        : html`<span class="dot ${kind}" part="dot dot-${kind}" role="img" aria-label=${label} title=${label}></span>`
    }
  </span>`;
}

/** Replaces the initials with the picture, after the picture was loaded. */
function show(event: Event): void {
  (event.target as HTMLElement).classList.add("loaded");
}

export const avatarStyles = css`
  .avatar {
    position: relative;
    flex: none;
    display: block;
    inline-size: var(--_avatar-size, 3rem);
    block-size: var(--_avatar-size, 3rem);
    font-size: calc(var(--_avatar-size, 3rem) * 0.375);
  }
  .initials,
  .avatar img {
    position: absolute;
    inset: 0;
    inline-size: 100%;
    block-size: 100%;
    border-radius: var(--tuikit-avatar-radius, 30%);
  }
  .initials {
    display: grid;
    place-items: center;
    color: #ffffff;
    font-weight: 600;
    letter-spacing: 0.01em;
    user-select: none;
  }
  .avatar img {
    object-fit: cover;
    background: var(--_background);
    opacity: 0;
  }
  .avatar img.loaded {
    opacity: 1;
  }
  .tint-0 {
    background: linear-gradient(145deg, #5b74e8, #4157cf);
  }
  .tint-1 {
    background: linear-gradient(145deg, #b5562f, #9a4523);
  }
  .tint-2 {
    background: linear-gradient(145deg, #16807a, #0e6b66);
  }
  .tint-3 {
    background: linear-gradient(145deg, #9350c8, #7b3bb0);
  }
  .tint-4 {
    background: linear-gradient(145deg, #c4406f, #aa2f5b);
  }
  .tint-5 {
    background: linear-gradient(145deg, #3d7a35, #306829);
  }
  .tint-6 {
    background: linear-gradient(145deg, #2b78b5, #1f659c);
  }
  .tint-7 {
    background: linear-gradient(145deg, #6a6f7d, #565b69);
  }
  /* 12 px of colour and a ring of 2 px, over the lower corner at the end of the text direction. */
  .dot {
    position: absolute;
    inset-inline-end: -0.25rem;
    inset-block-end: -0.25rem;
    box-sizing: content-box;
    inline-size: 12px;
    block-size: 12px;
    border: 2px solid var(--_ring);
    border-radius: 50%;
  }
  .dot.online {
    background: var(--_online);
  }
  .dot.offline {
    background: var(--_offline);
  }
  .dot.stale {
    background: var(--_background);
    box-shadow: inset 0 0 0 2px var(--_offline);
  }
  @media (prefers-contrast: more) {
    .dot.offline {
      background: var(--_background);
      box-shadow: inset 0 0 0 3px var(--_offline);
    }
  }
  @media (forced-colors: active) {
    .dot {
      forced-color-adjust: none;
      border-color: Canvas;
    }
    .dot.online {
      background: Highlight;
    }
    .dot.offline {
      background: Canvas;
      box-shadow: inset 0 0 0 3px CanvasText;
    }
    .dot.stale {
      background: Canvas;
      box-shadow: inset 0 0 0 2px GrayText;
    }
    .initials {
      forced-color-adjust: none;
    }
  }
`;

/**
 * The picture of a user, or the initials, and a dot for the online status. The dot is green for an online user, and
 * grey for a user who is offline or not logged in. It is hollow if the status was received before the connection was
 * lost. Without a known status, there is no dot.
 *
 * ```html
 * <tuikit-avatar user-id="alice" name="Alice Chen" status="1"></tuikit-avatar>
 * <tuikit-avatar user-id="bruno" name="Bruno" status="2"></tuikit-avatar>
 * <tuikit-avatar user-id="chen" name="陈晓" status="0"></tuikit-avatar>
 * ```
 *
 * @csspart avatar - The square that contains the picture and the dot.
 * @csspart dot - The dot; also `dot-online`, `dot-offline` or `dot-stale`.
 * @cssprop [--tuikit-avatar-size=48px] - The side length.
 * @cssprop [--tuikit-avatar-radius=30%] - The radius of the corners.
 * @cssprop [--tuikit-online=#16a34a] - The dot of an online user. The default is that of the light theme.
 * @cssprop [--tuikit-offline=#8a94a3] - The dot of any other user.
 * @cssprop [--tuikit-ring=#ffffff] - The ring around the dot. The default is that of the light theme.
 * @cssprop [--tuikit-background=#ffffff] - The inside of a hollow dot. The default is that of the light theme.
 */
@customElement("tuikit-avatar")
export class TuikitAvatar extends LitElement {
  static override styles = [
    theme,
    avatarStyles,
    css`
      :host {
        display: inline-block;
        --_avatar-size: var(--tuikit-avatar-size, 3rem);
        background: none;
        vertical-align: middle;
      }
    `,
  ];

  /** The id of the user. It determines the colour behind the initials. */
  @property({ attribute: "user-id" }) userID = "";

  /** The name of the user, for the initials and the label. */
  @property() name = "";

  /** The address of the picture. It is loaded only if `avatarHosts` allows its host. */
  @property() picture = "";

  /**
   * The hosts from which the picture may be loaded: `self`, `none`, `*`, or hosts separated by spaces. Default: the
   * kit's `avatarHosts`.
   */
  @property({ attribute: "avatar-hosts" }) avatarHosts: string | null = null;

  /** The status type: 1 online, 2 offline, 3 not logged in. Without the attribute, or with 0, there is no dot. */
  @property({ type: Number }) status: StatusType = 0;

  /** Whether the status was received before the connection was lost. The dot is then hollow. */
  @property({ type: Boolean }) stale = false;

  /** The language: `en` or `zh`. Default: the language of the kit, or else the language of the page. */
  @property() language = "";

  /** The theme: `light` or `dark`; default: the browser's setting. */
  @property({ reflect: true }) theme: "light" | "dark" | "" = "";

  #policy: PicturePolicy | undefined;
  #stopKit: (() => void) | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stopKit = onKitChange(() => {
      this.requestUpdate();
    });
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stopKit?.();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("avatarHosts")) {
      this.#policy = policyOf(this.avatarHosts);
    }
    this.setAttribute("role", "img");
    const status = statusText(this.status, this.#words, this.stale);
    this.setAttribute("aria-label", [this.name, status].filter(Boolean).join(", "));
  }

  protected override render(): TemplateResult {
    const { userID, name, picture, status, stale: isStale } = this;
    return avatar({ userID, name, picture, status, isStale, words: this.#words, policy: this.#policy });
  }

  get #words(): Words {
    return wordsOf(this.language || TUIKit.config.language || document.documentElement.lang);
  }
}

/** Parses the attribute. If its value is invalid, no host is allowed. */
function policyOf(hosts: string | null): PicturePolicy | undefined {
  if (hosts === null || hosts.trim() === "") {
    return undefined;
  }
  try {
    return readPolicy(hosts);
  } catch (error) {
    console.warn(`[TUIKit] ${error instanceof Error ? error.message : String(error)}`);
    return { from: "nowhere" };
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "tuikit-avatar": TuikitAvatar;
  }
}
