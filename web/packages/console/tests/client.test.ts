import { expect, test } from "vitest";
import { Api, ApiError } from "../src/api/client.js";

interface Asked {
  path: string;
  init: RequestInit;
}

/** Creates an API client whose server sends these answers. */
function api(...answers: (Response | Error)[]): {
  api: Api;
  asked: Asked[];
  loggedOut: () => number;
  others: string[];
} {
  const asked: Asked[] = [];
  const others: string[] = [];
  let times = 0;
  const made = new Api(
    () => (times += 1),
    (path, init) => {
      asked.push({ path, init });
      const answer = answers.shift() ?? new Error("nobody expected this");
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
    ({ operator }) => others.push(operator),
  );
  return { api: made, asked, loggedOut: () => times, others };
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers });
const header = ({ init }: Asked, name: string): string | undefined => (init.headers as Record<string, string>)[name];

test("every change carries the token of the session, and the state that it changes", async () => {
  const { api: console, asked } = api(
    json({ csrf_token: "t", version: "1" }),
    json({}, 200, { etag: '"2"' }),
    json({}, 200, { etag: '"3"' }),
  );
  await console.logIn("secret");
  const { tag } = await console.app(7);
  await console.addAdmin(7, "back end/1", tag);
  const [logIn, read, change] = asked as [Asked, Asked, Asked];
  expect(logIn.init.body).toBe('{"password":"secret"}');
  expect(header(read, "X-CSRF-Token")).toBeUndefined();
  expect(change.path).toBe("/console/api/v1/apps/7/admins/back%20end%2F1");
  expect(header(change, "X-CSRF-Token")).toBe("t");
  expect(header(change, "If-Match")).toBe('"2"');
});

test("the visibility and the block list of a user are changed at the paths of the user", async () => {
  const nothing = () => new Response(null, { status: 204 });
  const { api: console, asked } = api(nothing(), nothing(), nothing());
  await console.setVisibility(7, "a/b", "friends");
  await console.block(7, "a/b", ["bob"]);
  await console.unblock(7, "a/b", "c d");
  expect(asked.map(({ path, init }) => [init.method, path, init.body])).toEqual([
    ["PUT", "/console/api/v1/apps/7/users/a%2Fb/visibility", '{"visibility":"friends"}'],
    ["POST", "/console/api/v1/apps/7/users/a%2Fb/blocks", '{"users":["bob"]}'],
    ["DELETE", "/console/api/v1/apps/7/users/a%2Fb/blocks/c%20d", undefined],
  ]);
});

test("a refusal keeps its status, code, words and wait", async () => {
  const { api: console } = api(json({ code: 70_050, message: "wait" }, 429, { "retry-after": "60" }));
  const error = await console.logIn("x").catch((error: unknown) => error);
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 429, code: 70_050, message: "wait", retryAfter: 60 });
});

test("an answer of somebody in between is told by its status", async () => {
  const { api: console } = api(new Response("<h1>Bad gateway</h1>", { status: 502, statusText: "Bad Gateway" }));
  await expect(console.apps()).rejects.toMatchObject({ status: 502, code: 502, message: "Bad Gateway" });
});

test("no answer at all is no refusal of the server", async () => {
  const { api: console, loggedOut } = api(new TypeError("failed to fetch"));
  await expect(console.apps()).rejects.toMatchObject({ status: 0 });
  expect(loggedOut()).toBe(0);
});

test("a session that is over is told once it is found out; a wrong password is not", async () => {
  const over = (): Response => json({ code: 6_014, message: "not logged in" }, 401);
  const { api: console, loggedOut } = api(over(), new Response(null, { status: 204 }), over());
  await expect(console.logIn("x")).rejects.toMatchObject({ status: 401 });
  expect(await console.resume()).toBeUndefined();
  expect(loggedOut()).toBe(0);
  await expect(console.apps()).rejects.toMatchObject({ status: 401 });
  expect(loggedOut()).toBe(1);
});

test("what a page asks by itself does not keep the session alive", async () => {
  const { api: console, asked } = api(json({}), json({}), json({}));
  await console.figures(5, null);
  await console.user(7, "a", true);
  await console.user(7, "a", false);
  expect(asked.map((each) => header(each, "X-Background"))).toEqual(["1", "1", undefined]);
  expect(asked[0]?.path).toBe("/console/api/v1/figures?after=5");
});

test("figures are asked of one node, or of all nodes together", async () => {
  const { api: console, asked } = api(json({}), json({}), json({}), json({}));
  await console.figures(undefined, "a");
  await console.figures(5, "a b&c");
  await console.past("day", undefined, false);
  await console.past("day", "", true);
  expect(asked.map(({ path }) => path.replace("/console/api/v1/figures", ""))).toEqual([
    "",
    "?after=5&node=a+b%26c",
    "/history?range=day",
    "/history?range=day&node=",
  ]);
});

test("times are told by the clock of the server, whatever that of the browser says", async () => {
  const { api: console } = api(
    json({ apps: [] }, 200, { date: "Tue, 24 Nov 2026 07:30:00 GMT" }),
    json({ apps: [] }, 200, { date: "no date" }),
  );
  const there = Date.UTC(2026, 10, 24, 7, 30);
  expect(Math.abs(console.now() - Date.now())).toBeLessThan(1_000);
  await console.apps();
  expect(Math.abs(console.now() - there)).toBeLessThan(1_000);
  await console.apps();
  expect(Math.abs(console.now() - there), "a date that cannot be read changes nothing").toBeLessThan(1_000);
});

const session = (operator: string, csrf_token: string): Response =>
  json({ csrf_token, version: "1", operator, role: "operator" });
const stale = (): Response => json({ code: 403, message: "no", reason: "csrf_token" }, 403);

test("a token of a former session is renewed, and what was asked is asked again, once", async () => {
  const {
    api: console,
    asked,
    loggedOut,
  } = api(session("ann", "a"), stale(), session("ann", "b"), json({ done: 1 }));
  await console.logIn("x", "ann");
  expect(await console.resend(7, [3])).toEqual({ done: 1 });
  expect(asked.map(({ path }) => path.replace("/console/api/v1", ""))).toEqual([
    "/session",
    "/apps/7/dead-letters/resend",
    "/session",
    "/apps/7/dead-letters/resend",
  ]);
  expect(asked.map((call) => header(call, "X-CSRF-Token")).filter((_, at) => at % 2 === 1)).toEqual(["a", "b"]);
  expect(asked[3]?.init.body).toBe(asked[1]?.init.body);
  expect(loggedOut()).toBe(0);
});

test("a token that the server refuses again, or gives again, is not renewed for ever", async () => {
  for (const token of ["a", "b"]) {
    const { api: console, asked } = api(session("ann", "a"), stale(), session("ann", token), stale());
    await console.logIn("x", "ann");
    await expect(console.kick(7, "alice")).rejects.toMatchObject({ status: 403, reason: "csrf_token" });
    expect(asked).toHaveLength(token === "a" ? 3 : 4);
  }
});

test("what one operator asked is not done as another who has logged in in another tab", async () => {
  const { api: console, asked, others } = api(session("ann", "a"), stale(), session("bea", "b"));
  await console.logIn("x", "ann");
  await expect(console.kick(7, "alice")).rejects.toMatchObject({ reason: "csrf_token" });
  expect(asked).toHaveLength(3);
  expect(others).toEqual(["bea"]);
});

test("a session that ended before its token is renewed is told as over", async () => {
  const { api: console, loggedOut } = api(session("ann", "a"), stale(), new Response(null, { status: 204 }));
  await console.logIn("x", "ann");
  await expect(console.kick(7, "alice")).rejects.toMatchObject({ reason: "csrf_token" });
  expect(loggedOut()).toBe(1);
});
