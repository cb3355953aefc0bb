// A virtualized list of messages: only a window of rows exists, however long the channel is.

import { button, el, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { isNotice, messageKey, noticeRow, messageRow } from "./message.js";
import { author } from "./avatars.js";
import { botTime } from "./store.js";
import { dayKey, dayName } from "./times.js";

const WINDOW = 80;
const STEP = 40;
const TOGETHER_S = 300;
const NEAR = 400;

/** The rows of a list of messages, with day separators and grouping. */
export function rows(messages, { inThread = false, newFrom = null } = {}) {
  const out = [];
  let previous = null;
  for (let index = 0; index < messages.length; index++) {
    const message = messages[index];
    const newDay = !previous || dayKey(botTime(previous.ts)) !== dayKey(botTime(message.ts));
    if (newDay && !inThread) out.push(separator(`day ${dayKey(botTime(message.ts))}`, dayName(botTime(message.ts)), "day"));
    if (newFrom && message.ts > newFrom && (!previous || previous.ts <= newFrom)) {
      out.push(separator("new", "New", "new"));
      previous = null;
    }
    if (isNotice(message)) {
      const group = noticeGroup(messages, index);
      const version = group.map((notice) => notice.version).join();
      out.push({ key: message.ts, version, make: () => noticeRow(group) });
      index += group.length - 1;
      previous = messages[index];
      continue;
    }
    const follows = !newDay && !(inThread && index === 1) && continuesRun(previous, message);
    out.push({ key: messageKey(message), version: `${follows}${message.version}`, make: () => messageRow(message, { follows, inThread }) });
    previous = message;
  }
  return out;
}

const separator = (key, label, kind) => ({
  key, version: label, make: () => el("div", { class: `line ${kind}`, role: "separator", "aria-label": label }, el("span", {}, label)),
});

function noticeGroup(messages, index) {
  const group = [messages[index]];
  if (!/_join$/.test(messages[index].subtype)) return group;
  for (let next = index + 1; next < messages.length; next++) {
    const message = messages[next];
    if (message.subtype !== messages[index].subtype || dayKey(botTime(message.ts)) !== dayKey(botTime(group[0].ts))) break;
    group.push(message);
  }
  return group;
}

function continuesRun(previous, message) {
  if (!previous || isNotice(previous) || message.viewer || previous.viewer || previous.pinned_to?.length || message.pinned_to?.length || message.subtype === "thread_broadcast") return false;
  const [before, now] = [author(previous), author(message)];
  return before.id === now.id && before.name === now.name && message.ts - previous.ts < TOGETHER_S;
}

/**
 * A scrolling list. `list()` returns all messages, oldest first; `more()` whether older ones exist; `older()` fetches them.
 * At the bottom it follows new messages; elsewhere it keeps its position.
 */
export function scroller({ label, list, more = () => false, older, options = () => ({}), start, onbottom }) {
  const inner = el("div", { class: "rows" });
  const jumpLabel = el("span", {}, "Jump to latest");
  const jump = button([icon("down"), jumpLabel], () => toLatest(), { class: "jump", hidden: true });
  const outer = el("div", { class: "scroll", role: "log", "aria-label": label, tabIndex: 0 }, inner);
  const node = el("div", { class: "scroller" }, outer, jump);
  let end = null; // index after the last drawn message; null: the newest
  let size = WINDOW;
  let followsEnd = true;

  function draw() {
    const all = list();
    const to = end === null ? all.length : Math.min(end, all.length);
    const from = Math.max(0, to - size);
    const top = from === 0 && !more() && start ? [{ key: "start", version: start.version?.() ?? "", make: start.make }] : [];
    const kept = followsEnd ? null : anchor();
    reconcile(inner, [...top, ...rows(all.slice(from, to), options())]);
    if (followsEnd) outer.scrollTop = outer.scrollHeight;
    else if (kept) keep(kept);
    tabStop();
    show();
  }

  /** The first visible row and its position, to restore after a redraw. */
  function anchor() {
    const edge = outer.getBoundingClientRect().top;
    const seen = [...inner.children].find((child) => child.dataset.id && child.getBoundingClientRect().bottom > edge);
    return seen && { id: seen.dataset.id, top: seen.getBoundingClientRect().top };
  }

  function keep({ id, top }) {
    const row = [...inner.children].find((child) => child.dataset.id === id);
    if (row) outer.scrollTop += row.getBoundingClientRect().top - top;
  }

  function atBottom() {
    return end === null && outer.scrollHeight - outer.scrollTop - outer.clientHeight < 40;
  }

  function show() {
    jump.hidden = atBottom() || followsEnd;
    jumpLabel.textContent = list().at(-1)?.viewer ? "An answer for you is below" : "Jump to latest";
    if (atBottom()) onbottom?.();
  }

  async function scrolled() {
    followsEnd = atBottom();
    show();
    const all = list();
    const to = end ?? all.length;
    if (outer.scrollTop < NEAR) {
      if (to - size > 0) shift(to - STEP, all);
      else if (more()) {
        const previous = all.length;
        const pending = older();
        if (!pending) return;
        await pending;
        end = to + list().length - previous;
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
    followsEnd = true;
    draw();
    outer.scrollTop = outer.scrollHeight;
    show();
  }

  /** Scroll to a message and highlight it. Returns false if it is not in the list. */
  function point(ts) {
    const all = list();
    const index = all.findIndex((message) => message.ts === ts);
    if (index < 0) return false;
    followsEnd = false;
    end = index + STEP >= all.length ? null : index + STEP;
    draw();
    const found = inner.querySelector(`[data-ts="${ts}"]`);
    found?.scrollIntoView({ block: "center" });
    found?.classList.add("pointed");
    found?.focus({ preventScroll: true });
    setTimeout(() => found?.classList.remove("pointed"), 2500);
    return true;
  }

  /** Make one row tabbable; arrow keys move to the others. */
  function tabStop(chosen) {
    const all = inner.querySelectorAll("[role=article]");
    const wanted = chosen ?? [...all].find((message) => message.contains(document.activeElement)) ?? all[all.length - 1];
    for (const message of all) message.tabIndex = message === wanted ? 0 : -1;
  }

  inner.addEventListener("focusin", (event) => tabStop(event.target.closest("[role=article]")));
  inner.addEventListener("keydown", (event) => {
    const index = event.target;
    if (index.getAttribute("role") !== "article") return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      const all = [...inner.querySelectorAll("[role=article]")];
      const next = all[all.indexOf(index) + step];
      if (!next) return;
      event.preventDefault();
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && index.dataset.ts) {
      index.querySelector("[aria-label='Reply in thread']")?.click();
    }
  });
  let waiting = false;
  outer.addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; scrolled(); });
  }, { passive: true });
  new ResizeObserver(() => { if (followsEnd) outer.scrollTop = outer.scrollHeight; }).observe(inner);
  new ResizeObserver(() => { if (followsEnd) outer.scrollTop = outer.scrollHeight; }).observe(outer);

  return { node, draw, toLatest, point, atBottom, reset() { end = null; size = WINDOW; followsEnd = true; inner.rows = undefined; inner.replaceChildren(); } };
}
