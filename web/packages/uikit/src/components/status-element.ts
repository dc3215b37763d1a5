/** The base class of the components that show statuses. It has the switch, the language and the theme. */

import { LitElement } from "lit";
import { property } from "lit/decorators.js";
import { type Words, wordsOf } from "../words/words.js";
import { onByDefault } from "./attributes.js";
import { KitController } from "./kit-controller.js";

export abstract class StatusElement extends LitElement {
  /**
   * Whether this component shows online statuses; default `true`. If it is false, the component queries no statuses,
   * makes no subscriptions and shows no dots. The setting of the kit with the same name applies to all components.
   */
  @property({ attribute: "is-show-online-status", converter: onByDefault })
  isShowOnlineStatus = true;

  /** The language: `en` or `zh`. Default: the language of the kit, or else the language of the page. */
  @property()
  language = "";

  /** The theme: `light` or `dark`; default: the browser's setting. */
  @property({ reflect: true })
  theme: "light" | "dark" | "" = "";

  protected readonly kit = new KitController(this);

  protected get words(): Words {
    return wordsOf(this.language || this.kit.language || document.documentElement.lang);
  }
}
