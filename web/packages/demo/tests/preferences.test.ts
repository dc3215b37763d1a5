import { describe, expect, test } from "vitest";
import { keepPreferences, readPreferences } from "../src/preferences.js";

function store(kept?: string): Pick<Storage, "getItem" | "setItem"> {
  let text: string | null = kept ?? null;
  return {
    getItem: () => text,
    setItem: (_, value) => {
      text = value;
    },
  };
}

describe("preferences", () => {
  test.each([
    [["zh-CN", "en"], "zh"],
    [["de-DE", "zh-TW", "en"], "zh"],
    [["EN-us"], "en"],
    [["de"], "en"],
    [[], "en"],
  ])("the first language of %s that the demo speaks is %s", (languages, expected) => {
    expect(readPreferences(store(), languages).language).toBe(expected);
  });

  test("what was kept is read again, and wins over the browser", () => {
    const kept = store();
    keepPreferences(kept, { theme: "dark", language: "zh" });
    expect(readPreferences(kept, ["en"])).toEqual({ theme: "dark", language: "zh" });
  });

  test.each(["{", "null", "[]", '{"theme":"red","language":7}'])("%s was kept by nobody", (text) => {
    expect(readPreferences(store(text), ["en"])).toEqual({ theme: "auto", language: "en" });
  });

  test("without a store they are those of the browser", () => {
    expect(readPreferences(undefined, ["zh"])).toEqual({ theme: "auto", language: "zh" });
    keepPreferences(undefined, { theme: "dark", language: "zh" });
  });
});
