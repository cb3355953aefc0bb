// The thread pane: a message and its replies beside the conversation.

import { button, el, fill, reconcile } from "./dom.js";
import { composer } from "./composer.js";
import { icon } from "./icons.js";
import { loadThread, visibleThread } from "./messages.js";
import { closeThread } from "./navigation.js";
import { rows } from "./timeline.js";
import { channelById, channelName, on, store } from "./store.js";

export function threadPane(node) {
  const name = el("small", {});
  const inner = el("div", { class: "rows" });
  const outer = el("div", { class: "scroll", role: "log", "aria-label": "Thread", tabIndex: 0 }, inner);
  const write = composer({
    target: () => ({ channel: channelById(store.thread?.channel), thread: store.thread?.ts }),
    inThread: true,
    sent: () => { followsEnd = true; },
  });
  const closeButton = button(icon("close"), closeThread, { class: "icon close", "aria-label": "Close thread" });
  fill(node, el("header", { class: "pane-head" }, el("h2", {}, "Thread "), name, closeButton), outer, write.node);
  let followsEnd = true;
  let openedFrom = null;

  function draw() {
    const thread = store.thread;
    if (!thread) return;
    const all = visibleThread(thread.channel, thread.ts);
    const list = rows(all, { inThread: true });
    if (all.length > 1) list.splice(1, 0, divider(all.length - 1));
    reconcile(inner, list);
    if (followsEnd) outer.scrollTop = outer.scrollHeight;
  }

  /** Scroll to a reply and highlight it. */
  function point(ts) {
    const reply = inner.querySelector(`[data-ts="${ts}"]`);
    if (!reply) return;
    followsEnd = false;
    reply.scrollIntoView({ block: "center" });
    reply.classList.add("pointed");
    reply.focus({ preventScroll: true });
    setTimeout(() => reply.classList.remove("pointed"), 2500);
  }

  const divider = (count) => {
    const label = `${count} ${count === 1 ? "reply" : "replies"}`;
    return { key: "count", version: label, make: () => el("div", { class: "line replies-line", role: "separator", "aria-label": label }, el("span", {}, label)) };
  };

  on("thread", async ({ focus }) => {
    const thread = store.thread;
    node.hidden = !thread;
    document.body.classList.toggle("with-thread", Boolean(thread));
    if (!thread) {
      if (openedFrom?.isConnected) openedFrom.focus();
      openedFrom = null;
      return;
    }
    if (focus) openedFrom = document.activeElement;
    name.textContent = channelName(channelById(thread.channel));
    followsEnd = true;
    inner.rows = undefined;
    inner.replaceChildren();
    draw();
    write.show();
    await loadThread(thread.channel, thread.ts);
    if (thread.replyTs) point(thread.replyTs);
    else if (focus) write.focus();
  });
  on("threadlog", ({ channel: id, ts }) => { if (store.thread?.channel === id && store.thread.ts === ts) draw(); });
  on("state", () => write.show());
  outer.addEventListener("scroll", () => { followsEnd = outer.scrollHeight - outer.scrollTop - outer.clientHeight < 40; }, { passive: true });
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    closeThread();
  });
}
