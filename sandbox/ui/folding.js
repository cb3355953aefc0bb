// Fold long texts behind "Show more", as Slack does: by their rendered height.

import { button, el } from "./dom.js";

export const IN_BLOCK = 7; // lines of a section or an attachment, unless the app says `expand`
export const IN_MESSAGE = 24; // lines of a person's message
const SHORT = 200; // characters; shorter texts are not measured
const unfolded = new Set();
const folds = new WeakMap();
const watch = new ResizeObserver((entries) => { for (const { target } of entries) folds.get(target)?.(); });

/** Fold `content` if it is higher than `lines` lines. `key` identifies it across redraws, so that it stays unfolded. */
export function foldable(content, { key, lines }) {
  if (content.textContent.length < SHORT && content.querySelectorAll("br").length < lines) return content;
  const more = button("", turn, { class: "plain more", hidden: true, data: { key: `fold ${key}` } });
  const body = el("div", { class: "fold" }, content);
  body.style.setProperty("--lines", lines);
  body.addEventListener("focusin", () => { if (!more.hidden && !unfolded.has(key)) turn(); });
  folds.set(body, show);
  watch.observe(body);
  show();
  return el("div", {}, body, more);

  function turn() {
    if (!unfolded.delete(key)) unfolded.add(key);
    show();
  }

  function show() {
    const open = unfolded.has(key);
    body.classList.toggle("folded", !open);
    more.hidden = !open && body.scrollHeight <= body.clientHeight + 1;
    more.textContent = open ? "Show less" : "Show more";
    more.setAttribute("aria-expanded", String(open));
  }
}
