import { describe, expect, test } from "vitest";
import { LIMIT_FIELDS, TIMING_FIELDS, type NumberField } from "../src/settings/fields.js";
import {
  edit,
  faults,
  formOf,
  given,
  isWebAddress,
  present,
  rebase,
  textOf,
  type,
  unsaved,
} from "../src/settings/form.js";
import { anApp, BOUNDS } from "./app.js";

const SUBSCRIPTIONS: NumberField = { path: "limits.subscriptions", unit: "users" };
const LINGER: NumberField = { path: "timing.linger_web_ms", unit: "milliseconds" };

describe("a form", () => {
  test("has nothing to save until something differs, and again when it is put back", () => {
    let form = formOf(anApp());
    expect(unsaved(form)).toEqual([]);
    form = edit(form, "switches.user_status", false);
    form = type(form, LINGER, "5 s");
    expect(unsaved(form)).toEqual(["switches.user_status", "timing.linger_web_ms"]);
    form = edit(form, "switches.user_status", true);
    form = type(form, LINGER, "0");
    expect(unsaved(form)).toEqual([]);
  });

  test("keeps what was typed, even when it is no number", () => {
    let form = type(formOf(anApp()), SUBSCRIPTIONS, "many");
    expect(textOf(form, SUBSCRIPTIONS)).toBe("many");
    expect(unsaved(form)).toEqual([SUBSCRIPTIONS.path]);
    expect(faults(form, BOUNDS)).toEqual([SUBSCRIPTIONS.path]);
    form = type(form, SUBSCRIPTIONS, "10001");
    expect(faults(form, BOUNDS)).toEqual([SUBSCRIPTIONS.path]);
    form = type(form, SUBSCRIPTIONS, "10000");
    expect(faults(form, BOUNDS)).toEqual([]);
    expect(given(form).limits["subscriptions"]).toBe(10_000);
  });

  test("shows the fields that the server has", () => {
    const form = formOf(anApp());
    expect(present(form, LIMIT_FIELDS).map(({ path }) => path)).toEqual([
      "limits.subscriptions",
      "limits.rate.calls",
      "limits.rate.window_ms",
    ]);
    expect(present(form, TIMING_FIELDS)).toEqual([LINGER]);
  });

  test("finds what the server would refuse", () => {
    let form = formOf(anApp());
    form = edit(form, "name", "名".repeat(67));
    form = edit(form, "webhooks.push_url", "ftp://x");
    expect(faults(form, BOUNDS)).toEqual(["name", "webhooks.push_url"]);
    expect(faults(edit(form, "name", "名".repeat(66)), BOUNDS)).toEqual(["webhooks.push_url"]);
  });

  test("sends the secret for JWTs only when somebody has typed one that is long enough", () => {
    const form = formOf(anApp());
    expect(given(form).jwt).not.toHaveProperty("secret");
    expect(given(form).jwt).not.toHaveProperty("secret_set");
    expect(given(edit(form, "jwt.secret", "")).jwt.secret).toBe("");
    expect(faults(edit(form, "jwt.secret", "short"), BOUNDS)).toEqual(["jwt.secret"]);
    expect(faults(edit(form, "jwt.secret", "s".repeat(32)), BOUNDS)).toEqual([]);
    expect(faults(edit(form, "jwt.jwks_url", "ftp://x"), BOUNDS)).toEqual(["jwt.jwks_url"]);
    expect(faults(edit(form, "jwt.user_claim", ""), BOUNDS)).toEqual(["jwt.user_claim"]);
  });

  test("sends the token only when somebody has typed one", () => {
    const form = formOf(anApp());
    expect(given(form).webhooks).toEqual({ state_change_url: "", push_url: "" });
    expect(given(edit(form, "webhooks.token", "")).webhooks).toEqual({
      state_change_url: "",
      push_url: "",
      token: "",
    });
    expect(unsaved(edit(form, "webhooks.token", "xxxxyyyy"))).toEqual(["webhooks.token"]);
    expect(unsaved(edit(edit(form, "webhooks.token", "x"), "webhooks.token", undefined))).toEqual([]);
  });
});

describe("two people with the same form", () => {
  test("keep what each has changed, and the second one's word where both did", () => {
    let form = formOf(anApp());
    form = edit(form, "name", "mine");
    form = type(form, LINGER, "5 s");
    const theirs = anApp((app) => {
      app.settings.name = "theirs";
      app.settings.edition = "trial";
      app.settings.limits["subscriptions"] = 500;
    }, '"2"');
    const { form: next, merged } = rebase(form, theirs);
    expect(next.base).toBe(theirs);
    expect(next.draft.name).toBe("mine");
    expect(next.draft.edition).toBe("trial");
    expect(textOf(next, LINGER)).toBe("5 s");
    expect(textOf(next, SUBSCRIPTIONS)).toBe("500");
    expect(merged.conflicts).toEqual(["name"]);
    expect(merged.theirs).toEqual(["edition", "limits.subscriptions"]);
    expect(unsaved(next)).toEqual(["name", "timing.linger_web_ms"]);
  });

  test("who both chose the same do not disagree", () => {
    const form = edit(formOf(anApp()), "edition", "trial");
    const { form: next, merged } = rebase(
      form,
      anApp((app) => (app.settings.edition = "trial")),
    );
    expect(merged.conflicts).toEqual([]);
    expect(unsaved(next)).toEqual([]);
  });

  test("keep what is no number yet", () => {
    const form = type(formOf(anApp()), SUBSCRIPTIONS, "man");
    const { form: next } = rebase(
      form,
      anApp((app) => (app.settings.limits["subscriptions"] = 500)),
    );
    expect(textOf(next, SUBSCRIPTIONS)).toBe("man");
  });

  test("learn of a key or an admin without losing the form", () => {
    const form = edit(formOf(anApp()), "name", "mine");
    const { form: next, merged } = rebase(
      form,
      anApp((app) => app.keys.push({ id: 2, signs: true })),
    );
    expect(next.base.value.keys).toHaveLength(2);
    expect(unsaved(next)).toEqual(["name"]);
    expect(merged.theirs).toEqual([]);
  });
});

test.each([
  ["", true],
  ["https://example.org/hook?x=1", true],
  ["http://127.0.0.1:8080", true],
  ["ftp://example.org", false],
  ["https://", false],
  ["example.org", false],
  ["javascript:alert(1)", false],
])("%j as an address of webhooks", (text, good) => {
  expect(isWebAddress(text)).toBe(good);
});
