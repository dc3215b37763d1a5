import type { TemplateResult } from "lit";
import { expect, test } from "vitest";
import { Confirm, type Question } from "../src/components/confirm.js";
import { Dialog } from "../src/components/dialog.js";

type Handler = () => Promise<void> | void;

/** Returns the event handlers in a rendered template, in the order of the template. */
function handlersOf(rendered: unknown): Handler[] {
  return (rendered as TemplateResult).values.filter((value): value is Handler => typeof value === "function");
}

/** An owner of a confirmation. As in Lit, each of its renders assigns the object again, even if it is the same. */
class Owner {
  readonly confirm = new Confirm();
  question: Question | undefined = undefined;
  closes = 0;

  constructor() {
    this.confirm.addEventListener("lc-close", () => {
      this.closes += 1;
      this.question = undefined;
    });
  }

  render(): void {
    this.confirm.question = this.question;
  }

  ask(act: () => Promise<void>): void {
    this.question = { heading: "Unblock bob?", text: "", action: "Unblock", act };
    this.render();
  }

  cancel(): void {
    const [, cancel] = handlersOf(this.confirm.render());
    void cancel?.();
  }

  async confirmed(): Promise<void> {
    const [, , act] = handlersOf(this.confirm.render());
    await act?.();
  }

  get shown(): string | undefined {
    this.render();
    return this.confirm.question?.heading;
  }
}

/** A promise, and the functions that settle it. */
function pending(): { promise: Promise<void>; fulfil: () => void; reject: (error: Error) => void } {
  let fulfil!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((yes, no) => ([fulfil, reject] = [yes, no]));
  return { promise, fulfil, reject };
}

test("a question does not return with the next render of its owner after its action, or after a cancellation", async () => {
  const owner = new Owner();
  let acts = 0;
  owner.ask(async () => {
    acts += 1;
    // The action makes the owner render, for example because data were read again.
    owner.render();
    await Promise.resolve();
  });
  await owner.confirmed();
  expect([acts, owner.shown, owner.closes]).toEqual([1, undefined, 1]);

  owner.ask(async () => Promise.resolve());
  owner.cancel();
  expect([owner.shown, owner.closes]).toEqual([undefined, 2]);
});

test("a question stays after a failure of its action", async () => {
  const owner = new Owner();
  owner.ask(async () => Promise.reject(new Error("no")));
  await owner.confirmed();
  expect([owner.shown, owner.closes]).toEqual(["Unblock bob?", 0]);
});

test("the end of an action affects only its own question", async () => {
  for (const fails of [false, true]) {
    const owner = new Owner();
    const first = pending();
    owner.ask(() => first.promise);
    const done = owner.confirmed();
    // Escape closes the dialog while the action runs. The event of the dialog also reaches the owner.
    void handlersOf(owner.confirm.render())[0]?.();
    owner.question = undefined;
    owner.ask(async () => Promise.resolve());
    if (fails) first.reject(new Error("no"));
    else first.fulfil();
    await done;
    expect([owner.shown, owner.closes]).toEqual(["Unblock bob?", 0]);
    expect(Reflect.get(owner.confirm, "error")).toBeUndefined();
  }
});

test("the late close event of a dialog that is open again does not close it", () => {
  for (const isShown of [true, false]) {
    const dialog = new Dialog();
    Object.defineProperty(dialog, "window", { value: { open: isShown } });
    dialog.open = true;
    let closes = 0;
    dialog.addEventListener("lc-close", () => (closes += 1));
    void handlersOf(dialog.render())[0]?.();
    expect(closes).toBe(isShown ? 0 : 1);
  }
});

test("a dialog that the operator closed is not opened by a render before its close event", () => {
  const dialog = new Dialog();
  let opened = 0;
  Object.defineProperty(dialog, "window", { value: { open: false, showModal: () => (opened += 1) } });
  dialog.open = true;
  dialog.updated(new Map([["open", false]]));
  dialog.updated(new Map([["heading", ""]]));
  expect(opened).toBe(1);
});
