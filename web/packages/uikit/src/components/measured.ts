/** The height of an element in a component's shadow, as the page's styles make it: restyled and zoomed pages too. */

import type { ReactiveController, ReactiveControllerHost } from "lit";

export class Measured implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #find: () => Element | null;
  readonly #changed: () => void;
  readonly #observer: ResizeObserver;
  #element: Element | null = null;
  #height: number;

  constructor(
    host: ReactiveControllerHost,
    find: () => Element | null,
    { initially, changed }: { readonly initially: number; readonly changed: () => void },
  ) {
    this.#host = host;
    this.#find = find;
    this.#height = initially;
    this.#changed = changed;
    this.#observer = new ResizeObserver(() => {
      this.#measure();
    });
    host.addController(this);
  }

  get height(): number {
    return this.#height;
  }

  hostUpdated(): void {
    const element = this.#find();
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
      this.#changed();
      this.#host.requestUpdate();
    }
  }
}
