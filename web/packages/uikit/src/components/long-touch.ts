/**
 * Detects a long press on a row. Only some browsers report a long press as a right click.
 *
 * A long press is reported when the finger is lifted. Lifting the finger would close a menu that opened before.
 */

/** The shortest duration of a long press, in milliseconds. */
export const LONG = 500;
/** The largest movement of the finger during a long press, in pixels. */
export const TREMBLE = 10;

export interface Touch {
  readonly x: number;
  readonly y: number;
  /** The elements under the finger, innermost first. */
  readonly path: readonly EventTarget[];
}

export class LongTouch {
  readonly #act: (touch: Touch) => void;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #touch: Touch | null = null;
  #isLong = false;
  #wasLong = false;

  constructor(act: (touch: Touch) => void) {
    this.#act = act;
  }

  /** Whether the next click is the end of a long press. Such a click is ignored. */
  get wasLong(): boolean {
    return this.#wasLong;
  }

  /** Ends the press without a report, because the finger has moved, or the browser has reported the press itself. */
  readonly give = (): void => {
    if (this.#timer !== null) {
      clearTimeout(this.#timer);
      this.#timer = null;
    }
    this.#touch = null;
    this.#isLong = false;
  };

  readonly onDown = (event: PointerEvent): void => {
    this.give();
    this.#wasLong = false;
    if (event.pointerType === "touch") {
      this.#touch = { x: event.clientX, y: event.clientY, path: event.composedPath() };
      this.#timer = setTimeout(() => {
        this.#timer = null;
        this.#isLong = true;
      }, LONG);
    }
  };

  readonly onMove = ({ clientX, clientY }: PointerEvent): void => {
    if (this.#touch !== null && Math.hypot(clientX - this.#touch.x, clientY - this.#touch.y) > TREMBLE) {
      this.give();
    }
  };

  readonly onUp = (): void => {
    const touch = this.#isLong ? this.#touch : null;
    this.give();
    if (touch !== null) {
      this.#wasLong = true;
      setTimeout(() => {
        this.#act(touch);
      });
    }
  };
}
