// A list of messages, of which only a window is drawn: however long a channel is, few rows exist.

import { button, el, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { isQuiet, keyOf, quietRow, row } from "./message.js";
import { author } from "./avatars.js";
import { dayKey, dayName } from "./times.js";

const WINDOW = 80;
const STEP = 40;
const TOGETHER_S = 300;
const NEAR = 400;

/** Rows for messages, with day lines and grouping. */
export function rows(messages, { inThread = false, newFrom = null } = {}) {
  const out = [];
  let before = null;
  for (let at = 0; at < messages.length; at++) {
    const message = messages[at];
    const newDay = !before || dayKey(before.ts) !== dayKey(message.ts);
    if (newDay && !inThread) out.push(line(`day ${dayKey(message.ts)}`, dayName(message.ts), "day"));
    if (newFrom && message.ts > newFrom && (!before || before.ts <= newFrom)) {
      out.push(line("new", "New", "new"));
      before = null;
    }
    if (isQuiet(message)) {
      const group = quietGroup(messages, at);
      const sign = group.map((one) => one.sign).join();
      out.push({ key: message.ts, sign, make: () => quietRow(group) });
      at += group.length - 1;
      before = messages[at];
      continue;
    }
    const follows = !newDay && !(inThread && at === 1) && goesOn(before, message);
    out.push({ key: keyOf(message), sign: `${follows}${message.sign}`, make: () => row(message, { follows, inThread }) });
    before = message;
  }
  return out;
}

const line = (key, words, kind) => ({
  key, sign: words, make: () => el("div", { class: `line ${kind}`, role: "separator", "aria-label": words }, el("span", {}, words)),
});

function quietGroup(messages, at) {
  const group = [messages[at]];
  if (!/_join$/.test(messages[at].subtype)) return group;
  for (let next = at + 1; next < messages.length; next++) {
    const one = messages[next];
    if (one.subtype !== messages[at].subtype || dayKey(one.ts) !== dayKey(group[0].ts)) break;
    group.push(one);
  }
  return group;
}

function goesOn(before, message) {
  if (!before || isQuiet(before) || message.viewer || before.viewer || before.pinned_to?.length || message.pinned_to?.length || message.subtype === "thread_broadcast") return false;
  const [one, other] = [author(before), author(message)];
  return one.id === other.id && one.name === other.name && message.ts - before.ts < TOGETHER_S;
}

/**
 * A scrolling list. `list()` gives all messages, oldest first; `more()` whether older ones can be fetched, `older()`
 * fetches them. It stays at the bottom while one is there, and where one is when one is not.
 */
export function scroller({ label, list, more = () => false, older, options = () => ({}), start, onbottom }) {
  const inner = el("div", { class: "rows" });
  const jump = button([icon("down"), "Jump to latest"], () => toLatest(), { class: "jump", hidden: true });
  const outer = el("div", { class: "scroll", role: "log", "aria-label": label, tabIndex: 0 }, inner);
  const node = el("div", { class: "scroller" }, outer, jump);
  let end = null; // index after the last drawn message; null: the newest
  let size = WINDOW;
  let stuck = true;

  function draw() {
    const all = list();
    const to = end === null ? all.length : Math.min(end, all.length);
    const from = Math.max(0, to - size);
    const top = from === 0 && !more() && start ? [{ key: "start", sign: start.sign?.() ?? "", make: start.make }] : [];
    const kept = stuck ? null : anchor();
    reconcile(inner, [...top, ...rows(all.slice(from, to), options())]);
    if (stuck) outer.scrollTop = outer.scrollHeight;
    else if (kept) keep(kept);
    tabStop();
    show();
  }

  /** The row at the top of what one sees, so that it can be put back there. */
  function anchor() {
    const edge = outer.getBoundingClientRect().top;
    const seen = [...inner.children].find((child) => child.dataset.id && child.getBoundingClientRect().bottom > edge);
    return seen && { id: seen.dataset.id, top: seen.getBoundingClientRect().top };
  }

  function keep({ id, top }) {
    const node = [...inner.children].find((child) => child.dataset.id === id);
    if (node) outer.scrollTop += node.getBoundingClientRect().top - top;
  }

  function atBottom() {
    return end === null && outer.scrollHeight - outer.scrollTop - outer.clientHeight < 40;
  }

  function show() {
    jump.hidden = atBottom() || stuck;
    if (atBottom()) onbottom?.();
  }

  async function scrolled() {
    stuck = atBottom();
    show();
    const all = list();
    const to = end ?? all.length;
    if (outer.scrollTop < NEAR) {
      if (to - size > 0) shift(to - STEP, all);
      else if (more()) {
        const before = all.length;
        const pending = older();
        if (!pending) return;
        await pending;
        end = to + list().length - before;
        shift(end - STEP, list());
      }
    } else if (end !== null && outer.scrollHeight - outer.scrollTop - outer.clientHeight < NEAR) shift(to + STEP, all);
  }

  function shift(to, all) {
    const next = to >= all.length ? null : Math.max(to, Math.min(size, all.length));
    if (next === end) return;
    end = next;
    draw();
  }

  function toLatest() {
    end = null;
    stuck = true;
    draw();
    outer.scrollTop = outer.scrollHeight;
    show();
  }

  /** Show a message and point at it. */
  function point(ts) {
    const all = list();
    const at = all.findIndex((one) => one.ts === ts);
    if (at < 0) return false;
    stuck = false;
    end = at + STEP >= all.length ? null : at + STEP;
    draw();
    const found = inner.querySelector(`[data-ts="${ts}"]`);
    found?.scrollIntoView({ block: "center" });
    found?.classList.add("pointed");
    found?.focus({ preventScroll: true });
    setTimeout(() => found?.classList.remove("pointed"), 2500);
    return true;
  }

  /** One row is in the order of the tab key; arrows move to the others. */
  function tabStop(chosen) {
    const all = inner.querySelectorAll("[role=article]");
    const wanted = chosen ?? [...all].find((one) => one.contains(document.activeElement)) ?? all[all.length - 1];
    for (const one of all) one.tabIndex = one === wanted ? 0 : -1;
  }

  inner.addEventListener("focusin", (event) => tabStop(event.target.closest("[role=article]")));
  inner.addEventListener("keydown", (event) => {
    const at = event.target;
    if (at.getAttribute("role") !== "article") return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      const all = [...inner.querySelectorAll("[role=article]")];
      const next = all[all.indexOf(at) + step];
      if (!next) return;
      event.preventDefault();
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && at.dataset.ts) {
      at.querySelector("[aria-label='Reply in thread']")?.click();
    }
  });
  let waiting = false;
  outer.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; scrolled(); });
  }, { passive: true });
  new ResizeObserver(() => { if (stuck) outer.scrollTop = outer.scrollHeight; }).observe(inner);
  new ResizeObserver(() => { if (stuck) outer.scrollTop = outer.scrollHeight; }).observe(outer);

  return { node, draw, toLatest, point, atBottom, reset() { end = null; size = WINDOW; stuck = true; inner.rows = undefined; inner.replaceChildren(); } };
}
