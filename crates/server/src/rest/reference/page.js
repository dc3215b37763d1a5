/*
 * What Swagger UI leaves out for who does not see or use a mouse: names of fields and buttons, and links that are no
 * part of another control. It draws its page anew when something is opened, so this looks again after each change.
 */
"use strict";

(() => {
  const page = document.getElementById("swagger-ui");

  const darkness = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => document.documentElement.classList.toggle("dark-mode", darkness.matches);
  darkness.addEventListener("change", paint);
  paint();

  /** Gives an accessible name to a control that has neither a label nor a text. */
  const name = (selector, text) => {
    for (const control of page.querySelectorAll(selector)) {
      if (!control.hasAttribute("aria-label") && !(control.labels?.length > 0)) {
        control.setAttribute("aria-label", typeof text === "string" ? text : text(control));
      }
    }
  };

  /** The name of the parameter whose row contains this field. */
  const parameterOf = (field) =>
    field.closest("tr")?.getAttribute("data-param-name") ?? field.getAttribute("placeholder") ?? "value";

  const mend = () => {
    // The path is a link within the button that opens the operation: the button is enough.
    for (const link of page.querySelectorAll(".opblock-summary-control a[href], .opblock-tag a.nostyle[href]")) {
      link.removeAttribute("href");
    }
    for (const part of page.querySelectorAll(".opblock-summary-control [tabindex]")) {
      part.removeAttribute("tabindex");
    }
    name("textarea.body-param__text", "Request body");
    name(".parameters input, .parameters select, .parameters textarea", parameterOf);
    name("select.content-type", "Media type");
    name(".copy-to-clipboard button", "Copy");
    name("select", "Choice");
    name("button:empty", "Open or close");
    for (const code of page.querySelectorAll("pre, .microlight, .table-container, .responses-table")) {
      if (code.scrollWidth > code.clientWidth || code.scrollHeight > code.clientHeight) {
        code.setAttribute("tabindex", "0");
      }
    }
  };

  let isDue = false;
  new MutationObserver(() => {
    if (!isDue) {
      isDue = true;
      requestAnimationFrame(() => {
        isDue = false;
        mend();
      });
    }
  }).observe(page, { childList: true, subtree: true });
  mend();
})();
