/** The documentation page. It has the comments of the components, and their examples, which run in the page. */

import "@fontsource-variable/inter";
import type { StatusType } from "../src/client.js";
import { TUIKit } from "../src/index.js";
import { FRIENDS, MESSAGES, TALKS } from "../stage/people.js";
import { Stage } from "../stage/stage.js";
import { prose, split } from "./comment.js";

/** The part of the manifest that the page reads. */
interface Told {
  readonly name?: string;
  readonly description?: string;
  readonly default?: string;
  readonly attribute?: string;
  readonly kind?: string;
  readonly type?: { readonly text: string };
}

interface Declared {
  readonly tagName?: string;
  readonly description?: string;
  readonly attributes?: readonly (Told & { readonly fieldName?: string })[];
  readonly members?: readonly Told[];
  readonly events?: readonly Told[];
  readonly slots?: readonly Told[];
  readonly cssParts?: readonly Told[];
  readonly cssProperties?: readonly Told[];
}

/** The manifest, which `npm run manifest` creates before this page is built. */
const manifests = import.meta.glob<{ readonly modules: readonly { readonly declarations?: readonly Declared[] }[] }>(
  "../dist/custom-elements.json",
  { eager: true, import: "default" },
);

/** The interval, in milliseconds, at which the status of a user changes. */
const STEP = 2_500;
const SAYINGS = ["", "", "In a meeting", "午休中", "Back at three", "Reading"];

const now = Date.now();
const stage = new Stage({ self: "me", friends: FRIENDS, talks: TALKS, messages: moved(now), now });
TUIKit.init({ chat: stage });

const main = document.querySelector("main");
const components = Object.values(manifests)
  .flatMap(({ modules }) => modules)
  .flatMap(({ declarations }) => declarations ?? [])
  .filter(({ tagName }) => tagName !== undefined);
components.forEach((component) => main?.append(chapter(component)));
document.getElementById("contents")?.append(...components.map(({ tagName = "" }) => link(tagName)));

const isLive = !matchMedia("(prefers-reduced-motion: reduce)").matches;
setInterval(() => {
  const person = FRIENDS[Math.floor(Math.random() * FRIENDS.length)];
  if (isLive && person !== undefined && document.visibilityState === "visible") {
    const status = ([1, 1, 1, 2, 3] as const)[Math.floor(Math.random() * 5)] ?? 1;
    const says = status === 1 ? (SAYINGS[Math.floor(Math.random() * SAYINGS.length)] ?? "") : "";
    stage.becomes(person.id, status satisfies StatusType, says);
  }
}, STEP);

control("master", (field) => {
  TUIKit.setConfig({ isShowOnlineStatus: field.checked });
});
control("language", (field) => {
  TUIKit.setConfig({ language: field.value });
});
control("theme", (field) => {
  document.documentElement.dataset["theme"] = field.value;
  examples().forEach((example) => {
    // An example that sets a theme keeps it.
    if (!example.hasAttribute("data-own-theme")) {
      example.setAttribute("theme", field.value);
    }
  });
});
control("direction", (field) => {
  examples().forEach((example) => {
    example.setAttribute("dir", field.value);
  });
});

function link(tagName: string): HTMLElement {
  return Object.assign(document.createElement("a"), { href: `#${tagName}`, textContent: `<${tagName}>` });
}

function chapter({ tagName = "", description = "", ...told }: Declared): HTMLElement {
  const { text, examples: sources } = split(description);
  const section = document.createElement("section");
  section.id = tagName;
  const title = document.createElement("h2");
  title.textContent = `<${tagName}>`;
  section.append(title, prose(text));
  const row = document.createElement("div");
  row.className = "examples";
  row.append(...sources.map((source) => example(source)));
  section.append(row);
  const properties = (told.members ?? [])
    .filter(({ kind }) => kind === "field")
    .map((field) => ({ ...field, name: field.attribute ? `${field.name} · ${field.attribute}` : field.name }));
  section.append(
    table("Properties and attributes", properties as Told[]),
    table("Events", told.events ?? []),
    table("Slots", told.slots ?? []),
    table("Parts", told.cssParts ?? []),
    table("Custom properties", told.cssProperties ?? []),
  );
  return section;
}

/** Creates a figure with the source of an example and the running example. */
function example(source: string): HTMLElement {
  const figure = document.createElement("figure");
  const box = document.createElement("div");
  box.className = "live";
  box.innerHTML = source;
  examples(box).forEach((element) => {
    if (element.hasAttribute("theme")) {
      element.setAttribute("data-own-theme", "");
    }
  });
  if (box.querySelector("tuikit-conversation, tuikit-contact, tuikit-chat") !== null) {
    box.classList.add("tall");
  }
  const code = document.createElement("pre");
  code.append(Object.assign(document.createElement("code"), { textContent: source }));
  figure.append(box, code);
  return figure;
}

function table(title: string, rows: readonly Told[]): DocumentFragment {
  const fragment = document.createDocumentFragment();
  if (rows.length === 0) {
    return fragment;
  }
  const heading = document.createElement("h3");
  heading.textContent = title;
  const list = document.createElement("dl");
  for (const { name = "", description = "", type, default: byDefault } of rows) {
    const term = document.createElement("dt");
    term.append(Object.assign(document.createElement("code"), { textContent: name || "(default)" }));
    const kind = [type?.text, byDefault === undefined || byDefault === '""' ? "" : `= ${byDefault}`];
    term.append(Object.assign(document.createElement("span"), { textContent: kind.filter(Boolean).join(" ") }));
    const meaning = document.createElement("dd");
    meaning.append(prose(description));
    list.append(term, meaning);
  }
  fragment.append(heading, list);
  return fragment;
}

function examples(within: ParentNode = document): HTMLElement[] {
  const tags = components.map(({ tagName }) => tagName ?? "").join(",");
  return [...within.querySelectorAll<HTMLElement>(tags)];
}

function control(id: string, change: (field: HTMLInputElement) => void): void {
  const field = document.getElementById(id) as HTMLInputElement | null;
  field?.addEventListener("change", () => {
    change(field);
  });
}

/** Returns the messages of the scene. Their times are moved, so that the last message has the current time. */
function moved(to: number): typeof MESSAGES {
  const last = Math.max(...Object.values(MESSAGES).flatMap((list) => list.map(({ time }) => time)));
  const by = Math.floor(to / 1000) - last;
  return Object.fromEntries(
    Object.entries(MESSAGES).map(([id, list]) => [id, list.map((one) => ({ ...one, time: one.time + by }))]),
  );
}
