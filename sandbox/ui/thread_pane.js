// A message and its replies, beside the conversation.

import { button, el, fill, reconcile } from "./dom.js";
import { composer } from "./composer.js";
import { icon } from "./icons.js";
import { loadThread, shownThread } from "./messages.js";
import { closeThread } from "./navigation.js";
import { rows } from "./timeline.js";
import { channel, channelName, on, world } from "./store.js";

export function threadPane(node) {
  const name = el("small", {});
  const inner = el("div", { class: "rows" });
  const outer = el("div", { class: "scroll", role: "log", "aria-label": "Thread", tabIndex: 0 }, inner);
  const write = composer({
    place: () => ({ channel: channel(world.thread?.channel), thread: world.thread?.ts }),
    inThread: true,
    sent: () => { stuck = true; },
  });
  const shut = button(icon("close"), closeThread, { class: "icon close", "aria-label": "Close thread" });
  fill(node, el("header", { class: "pane-head" }, el("h2", {}, "Thread "), name, shut), outer, write.node);
  let stuck = true;
  let came = null;

  function draw() {
    const at = world.thread;
    if (!at) return;
    const all = shownThread(at.channel, at.ts);
    const list = rows(all, { inThread: true });
    if (all.length > 1) list.splice(1, 0, divider(all.length - 1));
    reconcile(inner, list);
    if (stuck) outer.scrollTop = outer.scrollHeight;
  }

  /** Show the reply one came for. */
  function point(ts) {
    const found = inner.querySelector(`[data-ts="${ts}"]`);
    if (!found) return;
    stuck = false;
    found.scrollIntoView({ block: "center" });
    found.classList.add("pointed");
    found.focus({ preventScroll: true });
    setTimeout(() => found.classList.remove("pointed"), 2500);
  }

  const divider = (count) => {
    const words = `${count} ${count === 1 ? "reply" : "replies"}`;
    return { key: "count", sign: words, make: () => el("div", { class: "line replies-line", role: "separator", "aria-label": words }, el("span", {}, words)) };
  };

  on("thread", async ({ focus }) => {
    const at = world.thread;
    node.hidden = !at;
    document.body.classList.toggle("with-thread", Boolean(at));
    if (!at) {
      if (came?.isConnected) came.focus();
      came = null;
      return;
    }
    if (focus) came = document.activeElement;
    name.textContent = channelName(channel(at.channel));
    stuck = true;
    inner.rows = undefined;
    inner.replaceChildren();
    draw();
    write.show();
    await loadThread(at.channel, at.ts);
    if (at.at) point(at.at);
    else if (focus) write.focus();
  });
  on("threadlog", ({ channel: id, ts }) => { if (world.thread?.channel === id && world.thread.ts === ts) draw(); });
  on("state", () => write.show());
  outer.addEventListener("scroll", () => { stuck = outer.scrollHeight - outer.scrollTop - outer.clientHeight < 40; }, { passive: true });
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    closeThread();
  });
}
