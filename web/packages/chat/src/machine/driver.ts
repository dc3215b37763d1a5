/** The driver of the connection machine. It passes messages and the time to the machine, and executes the effects. */

import type { AnswerTo, Ask, AskKind, Parameters } from "./ask.js";
import { ChatError, isRefusal, refused } from "./errors.js";
import type { LoginResponseJson, ServerMessageJson } from "../gen/wire.js";
import type { CallId } from "./link.js";
import { nextDeadline, step } from "./machine.js";
import type { PageNews } from "./page.js";
import {
  type Abilities,
  type Effect,
  type Identity,
  type Input,
  type News,
  newState,
  type Result,
  type State,
} from "./session.js";

/** The WebSocket subprotocol of messages in JSON. */
const SUBPROTOCOL = "lamplight.v1.json";

/** The time limit of a call in milliseconds, including the time without a connection. */
export const CALL_TIMEOUT = 10_000;

/**
 * The pause, in milliseconds, after which `callPatiently` repeats a call that was refused because of the rate limit.
 */
const RATE_PAUSE = 1_000;
const MOST_ATTEMPTS = 60;

/** The part of a `WebSocket` that the SDK uses. The classes of browsers, Node and the package `ws` have it. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  send(text: string): void;
  close(): void;
}

/** A WebSocket constructor. It is called with the URL of the server and the subprotocol. */
export type WebSocketConstructor = new (url: string, protocol: string) => WebSocketLike;

/** A caller that waits for an answer. */
interface Waiter {
  /** Processes the answer. It is called before any later message of the server is handled. */
  learn(body: ServerMessageJson): void;
  resolve(body: ServerMessageJson): void;
  reject(error: ChatError): void;
}

/** A connection to one server, and the state of its machine. */
export class Driver {
  #state: State;
  #socket: WebSocketLike | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiters = new Map<CallId, Waiter>();
  /** The callers whose calls have timed out, but whose answers may still arrive on this link. */
  #late = new Map<CallId, Waiter>();
  #lastCall = 0;
  #inputs: Input[] = [];
  #stepping = false;
  /** Whether the page is in the browser's back-forward cache. Until it returns, no deadline is handled. */
  #isAway = false;

  constructor(
    identity: Identity,
    private readonly url: string,
    private readonly socketOf: WebSocketConstructor,
    private readonly onNews: (news: News) => void,
  ) {
    this.#state = newState(identity);
  }

  /** The user who is logged in or logging in. */
  get user(): string | undefined {
    return this.#state.session?.user;
  }

  /** `true` if a login has succeeded and the session has not ended since. */
  get established(): boolean {
    return this.#state.session?.established === true;
  }

  /** The session to which a call that is made now belongs: the one that the last login of the application began. */
  get session(): CallId | undefined {
    return (this.#state.next ?? this.#state.session)?.id;
  }

  /**
   * The abilities that the app gives to this client; null if no user is logged in, or if the server does not send
   * them.
   */
  get abilities(): Abilities | null {
    return this.established ? (this.#state.session?.abilities ?? null) : null;
  }

  /**
   * Logs in. The session then lasts until a logout, or until the server ends it. It goes on while the link is broken.
   */
  async login(user: string, userSig: string): Promise<LoginResponseJson> {
    const body = await this.#ask((call, deadline) => ({ type: "login", call, deadline, user, userSig }));
    return body.login ?? {};
  }

  /** Makes a call. `learn` is called with the answer before any later message of the server is handled. */
  async call<K extends AskKind>(
    kind: K,
    parameters: Parameters<K>,
    learn?: (answer: AnswerTo<K>) => void,
  ): Promise<AnswerTo<K>> {
    // The kind determines the types of parameters and answer. The machine rejects an answer of another kind.
    const ask = { kind, parameters } as unknown as Ask;
    const answerOf = (body: ServerMessageJson) => body[kind] as AnswerTo<K>;
    const body = await this.#ask(
      (call, deadline) => ({ type: "call", call, deadline, ask }),
      (body) => learn?.(answerOf(body)),
    );
    return answerOf(body);
  }

  /**
   * Makes a call of the SDK itself, or a call that is one of many. After a refusal because of the rate limit, waits
   * and makes the call again. The wait leaves room for the application's calls. Fails with 6014 if `session` has been
   * replaced, because the call would then be executed for another user.
   */
  async callPatiently<K extends AskKind>(
    kind: K,
    parameters: Parameters<K>,
    learn?: (answer: AnswerTo<K>) => void,
    session = this.session,
  ): Promise<AnswerTo<K>> {
    for (let attempt = 1; ; attempt += 1) {
      if (session !== this.session) {
        throw new ChatError(refused("NOT_LOGGED_IN"));
      }
      try {
        return await this.call(kind, parameters, learn);
      } catch (error) {
        const isTooOften = error instanceof ChatError && isRefusal(error, "CALLED_TOO_OFTEN");
        if (!isTooOften || attempt === MOST_ATTEMPTS) {
          throw error;
        }
        await new Promise((fulfil) => setTimeout(fulfil, RATE_PAUSE));
      }
    }
  }

  /**
   * Handles an event of the network or the page.
   *
   * When the user leaves a page, the link is closed. The page may stay in the browser's back-forward cache, where a
   * link could break unnoticed. The user would then count as connected for another minute.
   */
  said(what: PageNews): void {
    this.#isAway = what === "left" || (this.#isAway && what !== "back");
    this.#step({ type: what === "back" ? "networkChanged" : what });
  }

  /** Ends the session without a logout: closes the link, and rejects all waiting calls with 6014. */
  close(): void {
    this.#step({ type: "closed" });
  }

  #ask(
    input: (call: CallId, deadline: number) => Input,
    learn: (body: ServerMessageJson) => void = () => undefined,
  ): Promise<ServerMessageJson> {
    return new Promise((resolve, reject) => {
      const call = (this.#lastCall += 1);
      this.#waiters.set(call, { learn, resolve, reject });
      this.#step(input(call, now() + CALL_TIMEOUT));
    });
  }

  /**
   * Passes an input to the machine, and executes the effects. An input that arrives meanwhile, such as a call of a
   * listener, is queued.
   */
  #step(input: Input): void {
    this.#inputs.push(input);
    if (this.#stepping) {
      return;
    }
    this.#stepping = true;
    try {
      for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
        const [state, effects] = step(this.#state, next, now(), Math.random());
        this.#state = state;
        effects.forEach((effect) => {
          this.#apply(effect);
        });
      }
    } finally {
      this.#stepping = false;
      this.#arm();
    }
  }

  #apply(effect: Effect): void {
    switch (effect.type) {
      case "openLink":
        this.#open();
        break;
      case "closeLink":
        this.#close();
        break;
      case "send":
        this.#socket?.send(JSON.stringify(effect.message));
        break;
      case "answer":
        this.#answer(effect.call, effect.result);
        break;
      case "late":
        this.#late.get(effect.call)?.learn(effect.body);
        this.#late.delete(effect.call);
        break;
      case "tell":
        this.onNews(effect.news);
        break;
    }
  }

  #answer(call: CallId, result: Result): void {
    const waiter = this.#waiters.get(call);
    this.#waiters.delete(call);
    if (result.ok) {
      waiter?.learn(result.body);
      waiter?.resolve(result.body);
    } else if (waiter !== undefined) {
      if (isRefusal(result.refusal, "NO_ANSWER")) {
        this.#late.set(call, waiter);
      }
      waiter.reject(new ChatError(result.refusal));
    }
  }

  #open(): void {
    this.#close();
    let socket: WebSocketLike;
    try {
      socket = new this.socketOf(this.url, SUBPROTOCOL);
    } catch (error) {
      this.#step({ type: "linkEnded", why: `cannot connect to ${this.url}: ${String(error)}` });
      return;
    }
    this.#socket = socket;
    // A closed socket may still emit events. The handlers stay, because some implementations throw if there is no
    // listener.
    const heard = (input: (event: { data?: unknown }) => Input) => (event: never) => {
      if (this.#socket === socket) {
        this.#step(input(event));
      }
    };
    socket.onopen = heard(() => ({ type: "linkUp" }));
    socket.onmessage = heard(({ data }) => read(data));
    socket.onerror = heard(() => ({
      type: "linkEnded",
      why: `cannot connect to ${this.url}, or the connection broke`,
    }));
    socket.onclose = heard(() => ({ type: "linkEnded", why: "closed by the server" }));
  }

  #close(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#late.clear();
    socket?.close();
  }

  /**
   * Sets the timer after a step. In a hidden page, a timer that was set by another timer may be late by a minute, and
   * the server's heartbeat timeout is a minute. A timer that was set when a message arrived is not late.
   */
  #arm(): void {
    clearTimeout(this.#timer);
    const deadline = nextDeadline(this.#state);
    if (deadline !== undefined && !this.#isAway) {
      this.#timer = setTimeout(
        () => {
          this.#step({ type: "tick" });
        },
        Math.max(0, Math.ceil(deadline - now())),
      );
    }
  }
}

/** Returns the time of a monotonic clock in milliseconds, or of the wall clock if there is no other. */
function now(): number {
  const clock: { now(): number } = typeof performance === "undefined" ? Date : performance;
  return clock.now();
}

function read(data: unknown): Input {
  if (typeof data === "string") {
    try {
      return { type: "received", message: JSON.parse(data) as ServerMessageJson };
    } catch {
      // The text is not JSON, so the link ends.
    }
  }
  return { type: "linkEnded", why: "the received bytes are not a message of the contract" };
}
