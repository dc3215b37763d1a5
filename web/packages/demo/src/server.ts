/** The requests of the page to the HTTP port: the address of the server, and the demo users. */

/** A demo user. */
export interface DemoUser {
  readonly userID: string;
  readonly nick: string;
  readonly avatar: string;
  /**
   * Whether a visitor may log in as this user. The other users act on their own, even while a visitor is logged in.
   */
  readonly isPlayer: boolean;
}

/** The server to which visitors log in. */
export interface Place {
  /** The address to which clients of the SDK connect. */
  readonly clientUrl: string;
  readonly version: string;
  /** The app and the users of the demo; undefined if the server is not a demo server. */
  readonly demo: { readonly SDKAppID: number; readonly users: readonly DemoUser[] } | undefined;
}

/** The credentials for a login. */
export interface Ticket {
  readonly SDKAppID: number;
  readonly userID: string;
  readonly userSig: string;
}

/** The server could not be reached, or sent no valid answer. */
export class ServerError extends Error {}

export async function readPlace(): Promise<Place> {
  const told = await ask("/lamplight.json");
  const place = { clientUrl: textOf(told, "clientUrl"), version: textOf(told, "version") };
  if (told["demo"] !== true) {
    return { ...place, demo: undefined };
  }
  const { SDKAppID, users } = await ask("/demo/users.json");
  if (typeof SDKAppID !== "number" || !Array.isArray(users)) {
    throw new ServerError("/demo/users.json");
  }
  return { ...place, demo: { SDKAppID, users: users.map(readUser) } };
}

/** Requests the credentials of a demo user. */
export async function askForTicket(userID: string): Promise<Ticket> {
  const told = await ask("/demo/sig", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ userID }),
  });
  const { SDKAppID } = told;
  if (typeof SDKAppID !== "number") {
    throw new ServerError("/demo/sig");
  }
  return { SDKAppID, userID: textOf(told, "userID"), userSig: textOf(told, "userSig") };
}

async function ask(path: string, request?: RequestInit): Promise<Record<string, unknown>> {
  try {
    const response = await fetch(path, request);
    const told: unknown = await response.json();
    if (response.ok && isRecord(told)) {
      return told;
    }
  } catch {
    // A missing answer and an unreadable one cause the same error.
  }
  throw new ServerError(path);
}

function readUser(told: unknown): DemoUser {
  if (!isRecord(told)) {
    throw new ServerError("/demo/users.json");
  }
  return {
    userID: textOf(told, "userID"),
    nick: textOf(told, "nick"),
    avatar: textOf(told, "avatar"),
    isPlayer: told["isPlayer"] === true,
  };
}

function textOf(told: Record<string, unknown>, name: string): string {
  const text = told[name];
  if (typeof text !== "string") {
    throw new ServerError(name);
  }
  return text;
}

function isRecord(told: unknown): told is Record<string, unknown> {
  return typeof told === "object" && told !== null && !Array.isArray(told);
}
