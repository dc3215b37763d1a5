/**
 * The client of the console's API. Every change carries the token of the session. A change of an app, its keys or its
 * admins also carries the tag of the state on which it is based.
 */

import {
  ROLES,
  type App,
  type AppList,
  type AppSummary,
  type AuditEntry,
  type Bounds,
  type DeadLetter,
  type Edition,
  type Figures,
  type FoundUser,
  type Jwt,
  type OnlinePage,
  type Operator,
  type Past,
  type Range,
  type Role,
  type Secret,
  type Session,
  type Settings,
  type User,
  type Visibility,
  type Watchers,
  type Webhook,
  type WebhookTest,
} from "./shapes.js";

/** The reasons that the server's answers can have, as in `crates/server/src/console/error.rs`. */
const REASONS = ["csrf_token", "old_password"] as const;
export type Reason = (typeof REASONS)[number];

/** A refusal by the server, or the lack of an answer. */
export class ApiError extends Error {
  constructor(
    /** The HTTP status; 0 if the server was not reached. */
    readonly status: number,
    /** The code of the refusal, or the HTTP status if there is no code. */
    readonly code: number,
    message: string,
    /** The time in seconds before the next attempt, if the server has sent one. */
    readonly retryAfter?: number,
    /** The role that the action needs, if the operator's role is too low. */
    readonly needs?: Role,
    /** The reason, which distinguishes refusals with the same status and code. */
    readonly reason?: Reason,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

/**
 * A value, and the tag of the state from which it was read. The server accepts a change only if this state is still the
 * current one.
 */
export interface Tagged<T> {
  value: T;
  tag: string;
}

/** The settings in a request. If the token or a secret is missing, the server keeps the stored value. */
export type GivenSettings = Omit<Settings, "webhooks" | "jwt"> & {
  webhooks: { state_change_url: string; push_url: string; token?: string };
  jwt: Jwt & { secret?: string };
};

type Fetch = (path: string, init: RequestInit) => Promise<Response>;

interface Asked {
  method?: string;
  body?: unknown;
  tag?: string;
  /**
   * Whether the page makes the request by itself, not the operator. Such a request does not keep the session alive.
   */
  background?: boolean;
  signal?: AbortSignal | undefined;
}

const ROOT = "/console/api/v1";

export class Api {
  #csrfToken = "";
  #role: Role = "viewer";
  #operator = "";
  /** The milliseconds by which the server's clock is ahead of the browser's clock. */
  #ahead = 0;

  constructor(
    /** Called when the server has ended the session. */
    private readonly onLoggedOut: () => void = () => undefined,
    private readonly fetch: Fetch = (path, init) => globalThis.fetch(path, init),
    /** Called when another tab has begun a session of another operator, or with another role. */
    private readonly onOtherOperator: (session: Session) => void = () => undefined,
  ) {}

  /**
   * The current time by the server's clock, in milliseconds since 1970 (UTC), with an error of up to a second. The
   * clock of the browser may be wrong by more.
   */
  now(): number {
    return Date.now() + this.#ahead;
  }

  // Session

  /** Returns the session that this browser has; undefined if it has none. */
  async resume(): Promise<Session | undefined> {
    const response = await this.#ask("/session", {}, false);
    return response.status === 204 ? undefined : this.#keep((await response.json()) as Session);
  }

  /** Logs in. If the name of the operator is empty, it is `admin`. */
  async logIn(password: string, operator = ""): Promise<Session> {
    const body = operator === "" ? { password } : { operator, password };
    return this.#keep(await this.#json<Session>("/session", { method: "POST", body }, false));
  }

  /** Returns whether the operator has at least this role. The server checks every request anyway. */
  may(role: Role): boolean {
    return ROLES.indexOf(this.#role) >= ROLES.indexOf(role);
  }

  /**
   * Changes the password of the operator. The server ends all sessions of the operator, and begins a new one here.
   */
  async changePassword(old: string, next: string): Promise<Session> {
    return this.#keep(await this.#json<Session>("/account/password", { method: "POST", body: { old, new: next } }));
  }

  async logOut(): Promise<void> {
    await this.#ask("/session", { method: "DELETE" });
  }

  // Apps

  async apps(): Promise<AppSummary[]> {
    return (await this.appList()).apps;
  }

  async appList(): Promise<AppList> {
    return this.#json("/apps");
  }

  async createApp(app: {
    id?: number;
    name: string;
    edition: Edition;
    key?: string;
  }): Promise<{ app: App; key: Secret }> {
    return this.#json("/apps", { method: "POST", body: app });
  }

  async app(id: number): Promise<Tagged<App>> {
    return this.#tagged(`/apps/${id}`);
  }

  /** Deletes an app with all its data. */
  async deleteApp(id: number, tag: string): Promise<void> {
    await this.#ask(`/apps/${id}`, { method: "DELETE", tag });
  }

  async bounds(): Promise<Bounds> {
    return (await this.#json<{ settings: Bounds }>("/bounds")).settings;
  }

  async saveSettings(id: number, settings: GivenSettings, tag: string): Promise<Tagged<App>> {
    return this.#tagged(`/apps/${id}/settings`, { method: "PUT", body: settings, tag });
  }

  /** Adds a key. If `key` is missing, the server generates one. */
  async addKey(id: number, tag: string, key?: string): Promise<Tagged<{ app: App; key: Secret }>> {
    return this.#tagged(`/apps/${id}/keys`, { method: "POST", body: key === undefined ? {} : { key }, tag });
  }

  async revealKey(id: number, key: number): Promise<Secret> {
    return this.#json(`/apps/${id}/keys/${key}/reveal`, { method: "POST" });
  }

  async retireKey(id: number, key: number, tag: string): Promise<Tagged<App>> {
    return this.#tagged(`/apps/${id}/keys/${key}`, { method: "DELETE", tag });
  }

  async addAdmin(id: number, user: string, tag: string): Promise<Tagged<App>> {
    return this.#tagged(`/apps/${id}/admins/${encodeURIComponent(user)}`, { method: "PUT", tag });
  }

  async removeAdmin(id: number, user: string, tag: string): Promise<Tagged<App>> {
    return this.#tagged(`/apps/${id}/admins/${encodeURIComponent(user)}`, { method: "DELETE", tag });
  }

  // Webhooks

  async webhooks(app: number): Promise<Webhook[]> {
    return (await this.#json<{ webhooks: Webhook[] }>(`/apps/${app}/webhooks`)).webhooks;
  }

  /** Sends a test request to the saved address of a webhook. */
  async testWebhook(app: number, webhook: string): Promise<WebhookTest> {
    return this.#json(`/apps/${app}/webhooks/${webhook}/test`, { method: "POST" });
  }

  async deadLetters(app: number, after: number | undefined): Promise<{ letters: DeadLetter[]; more: boolean }> {
    return this.#json(`/apps/${app}/dead-letters${after === undefined ? "" : `?after=${after}`}`);
  }

  /** Sends dead letters again: those with these ids, or all of the app if `ids` is undefined. */
  async resend(app: number, ids: number[] | undefined): Promise<{ done: number }> {
    return this.#json(`/apps/${app}/dead-letters/resend`, { method: "POST", body: ids === undefined ? {} : { ids } });
  }

  /** Deletes dead letters: those with these ids, or all of the app if `ids` is undefined. */
  async drop(app: number, ids: number[] | undefined): Promise<{ done: number }> {
    return this.#json(`/apps/${app}/dead-letters/drop`, { method: "POST", body: ids === undefined ? {} : { ids } });
  }

  // Users

  async findUsers(
    app: number,
    search: {
      by: "id" | "nick";
      prefix: string;
      after?: { user_id: string; nick: string } | undefined;
      limit?: number;
    },
    signal?: AbortSignal,
  ): Promise<{ users: FoundUser[]; more: boolean }> {
    const query = new URLSearchParams({ by: search.by, prefix: search.prefix });
    if (search.after !== undefined) {
      query.set("after", search.after.user_id);
      if (search.by === "nick") query.set("after_nick", search.after.nick);
    }
    if (search.limit !== undefined) query.set("limit", String(search.limit));
    return this.#json(`/apps/${app}/users?${query.toString()}`, { signal });
  }

  /** Returns a page of the users who are online. `on` restricts the page to users on one platform. */
  async online(
    app: number,
    which: { on: string; after?: string | undefined },
    signal?: AbortSignal,
  ): Promise<OnlinePage> {
    const query = new URLSearchParams(which.on === "" ? {} : { on: which.on });
    if (which.after !== undefined) query.set("after", which.after);
    return this.#json(`/apps/${app}/online?${query.toString()}`, { signal });
  }

  async user(app: number, id: string, background: boolean): Promise<User> {
    return this.#json(`/apps/${app}/users/${encodeURIComponent(id)}`, { background });
  }

  async watchers(app: number, id: string, background: boolean): Promise<Watchers> {
    return this.#json(`/apps/${app}/users/${encodeURIComponent(id)}/watchers`, { background });
  }

  async kick(app: number, id: string): Promise<void> {
    await this.#ask(`/apps/${app}/users/${encodeURIComponent(id)}/kick`, { method: "POST" });
  }

  async setVisibility(app: number, id: string, visibility: Visibility): Promise<void> {
    const path = `/apps/${app}/users/${encodeURIComponent(id)}/visibility`;
    await this.#ask(path, { method: "PUT", body: { visibility } });
  }

  /** Adds users to the block list of the user `id`. */
  async block(app: number, id: string, users: string[]): Promise<void> {
    await this.#ask(`/apps/${app}/users/${encodeURIComponent(id)}/blocks`, { method: "POST", body: { users } });
  }

  async unblock(app: number, id: string, user: string): Promise<void> {
    const path = `/apps/${app}/users/${encodeURIComponent(id)}/blocks/${encodeURIComponent(user)}`;
    await this.#ask(path, { method: "DELETE" });
  }

  // Operators

  async operators(): Promise<Operator[]> {
    return (await this.#json<{ operators: Operator[] }>("/operators")).operators;
  }

  /** Adds an operator, and returns the password that the server has generated. */
  async addOperator(name: string, role: Role): Promise<string> {
    const body = { name, role };
    return (await this.#json<{ password: string }>("/operators", { method: "POST", body })).password;
  }

  async removeOperator(name: string): Promise<void> {
    await this.#ask(`/operators/${encodeURIComponent(name)}`, { method: "DELETE" });
  }

  async setRole(name: string, role: Role): Promise<void> {
    await this.#ask(`/operators/${encodeURIComponent(name)}/role`, { method: "PUT", body: { role } });
  }

  /** Replaces the password of an operator. Returns the new password, which the server has generated. */
  async newPassword(name: string): Promise<string> {
    const path = `/operators/${encodeURIComponent(name)}/password`;
    return (await this.#json<{ password: string }>(path, { method: "PUT", body: {} })).password;
  }

  // Audit log

  async audit(page: { app?: number | undefined; before?: number | undefined; limit?: number }): Promise<{
    entries: AuditEntry[];
    more: boolean;
  }> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(page)) if (value !== undefined) query.set(name, String(value));
    return this.#json(`/audit?${query.toString()}`);
  }

  // Figures

  /** Reads the figures of a range: those of the node `node`, or those of all nodes together if `node` is undefined. */
  async past(range: Range, node: string | undefined, background: boolean): Promise<Past> {
    const query = new URLSearchParams({ range });
    if (node !== undefined) query.set("node", node);
    return this.#json(`/figures/history?${query.toString()}`, { background });
  }

  /**
   * Reads the samples of `node` whose numbers are above `after`. If another node gets the request, it answers with all
   * of its own samples.
   */
  async figures(after: number | undefined, node: string | null): Promise<Figures> {
    const query = new URLSearchParams();
    if (after !== undefined) query.set("after", String(after));
    if (after !== undefined && node !== null) query.set("node", node);
    return this.#json(`/figures${query.size === 0 ? "" : `?${query.toString()}`}`, { background: true });
  }

  #keep(session: Session): Session {
    this.#csrfToken = session.csrf_token;
    this.#role = session.role;
    this.#operator = session.operator;
    return session;
  }

  async #json<T>(path: string, asked: Asked = {}, tellLoggedOut = true): Promise<T> {
    const response = await this.#ask(path, asked, tellLoggedOut);
    return (await response.json()) as T;
  }

  async #tagged<T>(path: string, asked: Asked = {}): Promise<Tagged<T>> {
    const response = await this.#ask(path, asked);
    return { value: (await response.json()) as T, tag: response.headers.get("etag") ?? "" };
  }

  async #ask(path: string, asked: Asked, tellLoggedOut = true): Promise<Response> {
    try {
      return await this.#askOnce(path, asked, tellLoggedOut);
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== "csrf_token" || !(await this.#isRenewed())) throw error;
    }
    return this.#askOnce(path, asked, tellLoggedOut);
  }

  /**
   * Reads the session again, and stores its token. Returns whether the session is new and the operator is the same.
   *
   * All tabs share the cookie of the session. After a login or a new password in one tab, the other tabs have the token
   * of the former session.
   */
  async #isRenewed(): Promise<boolean> {
    const [token, role, operator] = [this.#csrfToken, this.#role, this.#operator];
    const session = await this.resume();
    if (session === undefined) {
      this.onLoggedOut();
      return false;
    }
    if (session.operator === operator && session.role === role) return session.csrf_token !== token;
    // The request is not repeated with another operator's session; the page of the new operator is shown instead.
    this.onOtherOperator(session);
    return false;
  }

  async #askOnce(path: string, asked: Asked, tellLoggedOut: boolean): Promise<Response> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (asked.body !== undefined) headers["Content-Type"] = "application/json";
    if (asked.method !== undefined) headers["X-CSRF-Token"] = this.#csrfToken;
    if (asked.tag !== undefined) headers["If-Match"] = asked.tag;
    if (asked.background === true) headers["X-Background"] = "1";
    let response: Response;
    try {
      response = await this.fetch(ROOT + path, {
        method: asked.method ?? "GET",
        headers,
        credentials: "same-origin",
        cache: "no-store",
        ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
        ...(asked.signal === undefined ? {} : { signal: asked.signal }),
      });
    } catch (error) {
      if (asked.signal?.aborted === true) throw error;
      throw new ApiError(0, 0, "the server cannot be reached");
    }
    const date = Date.parse(response.headers.get("date") ?? "");
    if (!Number.isNaN(date)) this.#ahead = date - Date.now();
    if (response.ok) return response;
    const refusal = await refusalOf(response);
    if (refusal.status === 401 && tellLoggedOut) this.onLoggedOut();
    throw refusal;
  }
}

async function refusalOf(response: Response): Promise<ApiError> {
  const wait = Number(response.headers.get("retry-after") ?? "");
  const retryAfter = wait > 0 ? wait : undefined;
  try {
    const body = (await response.json()) as Record<"code" | "message" | "needs" | "reason", unknown>;
    if (typeof body.code === "number" && typeof body.message === "string") {
      const needs = ROLES.find((role) => role === body.needs);
      const reason = REASONS.find((reason) => reason === body.reason);
      return new ApiError(response.status, body.code, body.message, retryAfter, needs, reason);
    }
  } catch {
    // The answer may come from a proxy, in another format.
  }
  return new ApiError(response.status, response.status, response.statusText, retryAfter);
}
