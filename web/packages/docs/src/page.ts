/** The search field of a page. The search index is loaded from the same host when the field is first used. */

import "./page.css";
import type { Place } from "../build/site.js";
import { Finder } from "./finder.js";
import { actionOf } from "./keys.js";

/** The maximum number of shown results. */
const MOST = 20;

const script = document.querySelector<HTMLScriptElement>("script[data-places]");
const form = document.querySelector<HTMLFormElement>("form[role=search]");
const field = form?.querySelector("input");
const found = document.querySelector<HTMLElement>(".found");
const status = found?.querySelector("p");
const list = found?.querySelector("ul");

if (script && form && field && found && status && list) {
  const { root = "", places = "" } = script.dataset;
  let loading: Promise<Finder> | undefined;
  /** Loads the index once. If loading fails, the next input loads it again. */
  const load = (): Promise<Finder> =>
    (loading ??= fetch(new URL(places, document.baseURI))
      .then(async (answer) => {
        if (!answer.ok) {
          throw new Error(`status ${answer.status}`);
        }
        return new Finder((await answer.json()) as Place[]);
      })
      .catch((error: unknown) => {
        loading = undefined;
        throw error;
      }));

  const search = async (): Promise<void> => {
    const words = field.value.trim();
    found.hidden = words === "";
    if (words === "") {
      return;
    }
    try {
      const finder = await load();
      // If two searches overlap, only the result of the later one is shown.
      if (field.value.trim() === words) {
        show(finder, words);
      }
    } catch {
      status.textContent = "The search could not be loaded. Type again to retry.";
      list.replaceChildren();
    }
  };
  const show = (finder: Finder, words: string): void => {
    const results = finder.find(words);
    status.textContent =
      results.length === 0 ? `No results for “${words}”.` : `Results for “${words}”: ${results.length}.`;
    list.replaceChildren(
      ...results.slice(0, MOST).map(({ page, title, section, excerpt }) => {
        const link = document.createElement("a");
        link.href = root + page;
        link.textContent = section === "" ? title : `${title}: ${section}`;
        link.addEventListener("click", close);
        const text = document.createElement("span");
        text.textContent = excerpt;
        const item = document.createElement("li");
        item.append(link, text);
        return item;
      }),
    );
    if (results.length > MOST) {
      status.textContent += ` The first ${MOST} are shown.`;
    }
  };
  const close = (): void => {
    field.value = "";
    found.hidden = true;
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    list.querySelector("a")?.focus();
  });
  field.addEventListener("input", () => void search());
  document.addEventListener("keydown", (event) => {
    const action = actionOf(event, !found.hidden, event.target instanceof HTMLInputElement);
    if (action === "close") {
      close();
      field.focus();
    } else if (action === "search") {
      event.preventDefault();
      field.focus();
    }
  });
}
