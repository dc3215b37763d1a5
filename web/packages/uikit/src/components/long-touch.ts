/**
 * A finger that rests on a row. Some browsers tell of it as of a right click, others do not.
 *
 * It is told when the finger leaves: what opens under a finger would be closed by its leaving.
 */

/** How long, and how far it may tremble. */
export const LONG = 500;
export const TREMBLE = 10;

export interface Touch {
  readonly x: number;
  readonly y: number;
  /** The elements under the touch, the innermost first. */
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

  /** Whether the click that comes now ends a long touch, and means nothing more. */
  get wasLong(): boolean {
    return this.#wasLong;
  }

  /** It is none, or the browser has told of it itself. */
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
