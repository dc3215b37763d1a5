/**
 * Measures the height of an element in a component's shadow tree. The height depends on the styles of the page. It is
 * therefore measured again after each change of style or zoom.
 */

import type { ReactiveController, ReactiveControllerHost } from "lit";

/** A component with a shadow tree. */
type Host = ReactiveControllerHost & { readonly renderRoot: ParentNode };

export class Measured implements ReactiveController {
  readonly #host: Host;
  readonly #selector: string;
  readonly #window: () => { measure(): void };
  readonly #observer: ResizeObserver;
  #element: Element | null = null;
  #height: number;

  /** Creates the measurement. When the height has changed, `window` measures its rows again. */
  constructor(host: Host, selector: string, initially: number, window: () => { measure(): void }) {
    this.#host = host;
    this.#selector = selector;
    this.#height = initially;
    this.#window = window;
    this.#observer = new ResizeObserver(() => {
      this.#measure();
    });
    host.addController(this);
  }

  get height(): number {
    return this.#height;
  }

  hostUpdated(): void {
    const element = this.#host.renderRoot.querySelector(this.#selector);
    if (element !== this.#element) {
      this.#observer.disconnect();
      this.#element = element;
      if (element !== null) {
        this.#observer.observe(element);
        this.#measure();
      }
    }
  }

  hostDisconnected(): void {
    this.#observer.disconnect();
    this.#element = null;
  }

  #measure(): void {
    const height = this.#element?.getBoundingClientRect().height ?? 0;
    if (height !== this.#height && (this.#element?.isConnected ?? false)) {
      this.#height = height;
      this.#window().measure();
      this.#host.requestUpdate();
    }
  }
}
