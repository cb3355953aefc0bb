// A JSON value as text, with a button that copies it.

import { button, el, notice } from "./dom.js";

export function json(value) {
  const text = JSON.stringify(value, null, 2);
  const copy = button("Copy", async () => {
    await navigator.clipboard.writeText(text);
    notice("Copied.");
  }, { class: "outline copy" });
  return el("div", { class: "json" }, copy, el("pre", { tabIndex: 0, "aria-label": "JSON" }, text));
}
