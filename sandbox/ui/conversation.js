// The main pane: a conversation's header, messages and composer, or the app's home tab.

import { act } from "./api.js";
import { el, fill } from "./dom.js";
import { composer } from "./composer.js";
import { aboutApp, drawHeader, isAppHome } from "./header.js";
import { drawHome, refreshHome } from "./home.js";
import { loadChannel, conversationLog, loadOlder, loadBackTo, visibleMessages } from "./messages.js";
import { takeTargetTs } from "./navigation.js";
import { scroller } from "./timeline.js";
import { channelName, currentChannel, isMember, on, emit, store } from "./store.js";

export function conversation(node) {
  const head = el("header", { class: "head" });
  const home = el("div", { class: "home", hidden: true, tabIndex: 0, role: "region", "aria-label": "Home" });
  const list = scroller({
    label: "Messages",
    list: () => visibleMessages(store.channelId),
    more: () => conversationLog(store.channelId).more,
    older: () => loadOlder(store.channelId),
    options: () => ({ newFrom }),
    start: { version: () => `${store.channelId} ${channelName(currentChannel())}`, make: beginning },
    onbottom: markRead,
  });
  const write = composer({ target: () => ({ channel: currentChannel() }), sent: () => list.toLatest() });
  fill(node, head, home, list.node, write.node);
  let newFrom = null;

  async function show({ moved }) {
    const channel = currentChannel();
    if (!channel) return;
    drawHeader(head);
    const tab = isAppHome(channel) ? (store.tab ?? "home") : "messages";
    home.hidden = tab === "messages";
    list.node.hidden = write.node.hidden = tab !== "messages";
    if (tab === "about") fill(home, aboutApp());
    if (tab === "home") { drawHome(home); refreshHome(); }
    write.show();
    const ts = takeTargetTs();
    if (moved) {
      const unread = store.unread[channel.id];
      newFrom = unread ? channel.last_read[store.me] ?? null : null;
      list.node.firstChild.setAttribute("aria-label", `Messages in ${channelName(channel)}`);
      list.reset();
      list.draw();
      if (!conversationLog(channel.id).loaded) await tryLoad(channel.id);
      if (tab === "messages" && !ts && matchMedia("(hover: hover)").matches) write.focus();
    }
    if (ts) {
      await loadBackTo(channel.id, ts);
      list.point(ts);
    }
    document.title = `${channel.kind === "im" ? "" : "#"}${channelName(channel)} · ${store.team.name}`;
  }

  async function tryLoad(id) {
    try {
      await loadChannel(id);
    } catch (problem) {
      console.warn("cannot load", id, problem.message);
    }
  }

  /** Move the focus to the pinned card; without one to the newest message. */
  on("to-card", async () => {
    const channel = currentChannel();
    const ts = channel?.pins.at(0)?.ts ?? conversationLog(channel?.id).list.at(-1)?.ts;
    if (!ts) return;
    await loadBackTo(channel.id, ts);
    list.point(ts);
  });

  let pending = 0;
  on("timeline", (id) => {
    if (id !== store.channelId || pending) return;
    pending = requestAnimationFrame(() => {
      pending = 0;
      list.draw();
    });
  });
  on("navigation", show);
  on("state", () => {
    drawHeaderKeeping(head);
    write.show();
  });
  on("home", () => { if (!home.hidden && (store.tab ?? "home") === "home") drawHome(home); });
  document.addEventListener("visibilitychange", markRead);

  let marking = null;

  /** Report the latest message as read, at most once every 150 ms. */
  function markRead() {
    marking ??= setTimeout(() => { marking = null; mark(); }, 150);
  }

  function mark() {
    const channel = currentChannel();
    if (document.hidden || !channel || !isMember(channel) || list.node.hidden) return;
    const latest = conversationLog(channel.id).list.at(-1)?.ts;
    if (!latest || (channel.last_read[store.me] ?? "") >= latest) return;
    channel.last_read[store.me] = latest;
    delete store.unread[channel.id];
    emit("unread");
    act("mark", { channel: channel.id, ts: latest }).catch(() => {});
  }

  return { focus: write.focus };
}

function drawHeaderKeeping(head) {
  const key = head.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  drawHeader(head);
  if (key) [...head.querySelectorAll("[data-key]")].find((control) => control.dataset.key === key)?.focus();
}

/** The notice above the first message. */
function beginning() {
  const channel = currentChannel();
  const name = channelName(channel);
  if (channel.kind === "im") return el("div", { class: "beginning" }, el("h2", {}, name), el("p", {}, `This is the beginning of your direct messages with ${name}.`));
  return el("div", { class: "beginning" }, el("h2", {}, `# ${name}`), el("p", {}, "This is the very beginning of the channel."));
}
