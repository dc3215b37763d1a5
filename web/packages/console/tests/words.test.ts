import { CODES } from "@lamplight/chat";
import { describe, expect, test } from "vitest";
import { ApiError } from "../src/api/client.js";
import { DEVICE_FIELDS, LIMIT_FIELDS, TIMING_FIELDS } from "../src/settings/fields.js";
import { errorText } from "../src/words/errors.js";
import { LANGUAGES, languageFor, readChoices } from "../src/words/words.js";

describe.each(Object.entries(LANGUAGES))("%s", (_, words) => {
  test.each([...DEVICE_FIELDS, ...LIMIT_FIELDS, ...TIMING_FIELDS])("has a name for $path", ({ path }) => {
    expect(words.fields[path]?.name).toBeTruthy();
  });

  test("says the same as the others", () => {
    const shape = (value: unknown): unknown =>
      typeof value === "object" && value !== null
        ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shape(inner)]))
        : typeof value;
    expect(shape(words)).toEqual(shape(LANGUAGES.en));
  });
});

test("a switch is called the same where it stands and where it was changed", () => {
  for (const { fields, switches } of Object.values(LANGUAGES)) {
    expect(fields["switches.user_status"]?.name).toBe(switches.userStatus);
    expect(fields["switches.friend_notification"]?.name).toBe(switches.friendNotification);
  }
});

test.each([
  [["zh-TW", "en"], "zh"],
  [["zh"], "zh"],
  [["fr", "en-GB", "zh"], "en"],
  [["fr"], "en"],
  [[], "en"],
])("who reads %j gets %s", (preferences, language) => {
  expect(languageFor(preferences)).toBe(language);
});

test.each([
  [null, { language: "en", theme: "auto" }],
  ["{", { language: "en", theme: "auto" }],
  ['{"language":"zh","theme":"dark"}', { language: "zh", theme: "dark" }],
  ['{"language":"xx","theme":7}', { language: "en", theme: "auto" }],
])("kept choices %j", (text, choices) => {
  expect(readChoices(text, ["en"])).toEqual(choices);
});

describe("a refusal in words", () => {
  const { en, zh } = LANGUAGES;
  test.each([
    [new ApiError(0, 0, "x"), "The server cannot be reached. Check the network, and whether the server is running."],
    [new ApiError(401, 401, "wrong password"), "Wrong name or password. (code 401)"],
    [new ApiError(429, 70_050, "70050 x", 60), "Too many wrong passwords. Try again in 60 seconds. (code 70050)"],
    [new ApiError(412, 412, "x"), "This app was changed meanwhile. (code 412)"],
    [new ApiError(409, 409, "this is the last key"), "This is the last key (code 409)"],
    [new ApiError(503, 503, ""), "The server is temporarily unavailable. Try again. (code 503)"],
    [
      new ApiError(500, 70_500, "70500: internal error"),
      "Internal server error. See the log of the server. (code 70500)",
    ],
    [new ApiError(404, 70_107, CODES.NO_SUCH_ACCOUNT.english), "No such account (code 70107)"],
    [
      new ApiError(400, 6_017, "6017: limits.x must be from 1 to 2, not 3"),
      "Limits.x must be from 1 to 2, not 3 (code 6017)",
    ],
  ])("%s", (error, text) => {
    expect(errorText(error, en)).toBe(text);
  });

  test("in Chinese the table speaks, with what the server adds", () => {
    expect(errorText(new ApiError(404, 70_107, "70107: no such account"), zh)).toBe("帐号不存在（错误码 70107）");
    expect(errorText(new ApiError(400, 6_017, "6017: x must be 1"), zh)).toBe("参数无效：x must be 1（错误码 6017）");
  });
});
