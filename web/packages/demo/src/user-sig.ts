/**
 * Reads the userID, the app and the expiry from a UserSig, so that the visitor need not type them. Only the server can
 * verify the UserSig.
 */

export interface Claims {
  readonly userID: string;
  readonly SDKAppID: number;
  /** The time when the UserSig expires, in milliseconds since 1970 (UTC). */
  readonly expires: number;
}

/** The maximum length of a UserSig in characters, as in the server. */
const LONGEST = 4096;
const LONGEST_DOCUMENT = 8192;

/** Returns the claims of a UserSig; undefined if it cannot be read. */
export async function readUserSig(token: string): Promise<Claims | undefined> {
  const text = token.trim();
  if (text === "" || text.length > LONGEST || !/^[A-Za-z0-9*\-_+/=]+$/.test(text)) {
    return undefined;
  }
  try {
    const plain = text.replaceAll("*", "+").replaceAll("-", "/").replaceAll("_", "=");
    const bytes = Uint8Array.from(atob(plain), (letter) => letter.charCodeAt(0));
    return claimsOf(JSON.parse(await inflate(bytes)));
  } catch {
    return undefined;
  }
}

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return text + decoder.decode();
    }
    text += decoder.decode(value, { stream: true });
    if (text.length > LONGEST_DOCUMENT) {
      await reader.cancel();
      throw new Error("too long");
    }
  }
}

function claimsOf(document: unknown): Claims | undefined {
  if (typeof document !== "object" || document === null) {
    return undefined;
  }
  const claims = document as Record<string, unknown>;
  const userID = claims["TLS.identifier"];
  const [app, time, expire] = ["TLS.sdkappid", "TLS.time", "TLS.expire"].map((name) => Number(claims[name]));
  if (typeof userID !== "string" || app === undefined || !Number.isInteger(app)) {
    return undefined;
  }
  return { userID, SDKAppID: app, expires: ((time ?? 0) + (expire ?? 0)) * 1000 };
}
