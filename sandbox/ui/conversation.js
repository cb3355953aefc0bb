// The middle of the page: a conversation's head, messages and composer, or the app's home.

import { act } from "./api.js";
import { el, fill } from "./dom.js";
import { composer } from "./composer.js";
import { aboutApp, drawHeader, isAppHome } from "./header.js";
import { drawHome, lookAtHome } from "./home.js";
import { load, log, older, reach, shown } from "./messages.js";
import { pointedAt } from "./navigation.js";
import { scroller } from "./timeline.js";
import { channelName, here, isMember, on, tell, world } from "./store.js";

export function conversation(node) {
  const head = el("header", { class: "head" });
  const home = el("div", { class: "home", hidden: true, tabIndex: 0, role: "region", "aria-label": "Home" });
  const list = scroller({
    label: "Messages",
    list: () => shown(world.place),
    more: () => log(world.place).more,
    older: () => older(world.place),
    options: () => ({ newFrom }),
    start: { sign: () => `${world.place} ${channelName(here())}`, make: beginning },
    onbottom: markRead,
  });
  const write = composer({ place: () => ({ channel: here() }), sent: () => list.toLatest() });
  fill(node, head, home, list.node, write.node);
  let newFrom = null;

  async function arrive({ moved }) {
    const where = here();
    if (!where) return;
    drawHeader(head);
    const tab = isAppHome(where) ? (world.tab ?? "home") : "messages";
    home.hidden = tab === "messages";
    list.node.hidden = write.node.hidden = tab !== "messages";
    if (tab === "about") fill(home, aboutApp());
    if (tab === "home") { drawHome(home); lookAtHome(); }
    write.show();
    const ts = pointedAt();
    if (moved) {
      const unread = world.unread[where.id];
      newFrom = unread ? where.last_read[world.me] ?? null : null;
      list.node.firstChild.setAttribute("aria-label", `Messages in ${channelName(where)}`);
      list.reset();
      list.draw();
      if (!log(where.id).loaded) await tryLoad(where.id);
      if (tab === "messages" && !ts && matchMedia("(hover: hover)").matches) write.focus();
    }
    if (ts) {
      await reach(where.id, ts);
      list.point(ts);
    }
    document.title = `${where.kind === "im" ? "" : "#"}${channelName(where)} · ${world.team.name}`;
  }

  async function tryLoad(id) {
    try {
      await load(id);
    } catch (problem) {
      console.warn("cannot load", id, problem.message);
    }
  }

  let pending = 0;
  on("timeline", (id) => {
    if (id !== world.place || pending) return;
    pending = requestAnimationFrame(() => {
      pending = 0;
      list.draw();
    });
  });
  on("place", arrive);
  on("state", () => {
    drawHeaderKeeping(head);
    write.show();
  });
  on("home", () => { if (!home.hidden && (world.tab ?? "home") === "home") drawHome(home); });
  document.addEventListener("visibilitychange", markRead);

  let marking = null;

  /** Tell the workspace what was read; not for every single message of many. */
  function markRead() {
    marking ??= setTimeout(() => { marking = null; mark(); }, 150);
  }

  function mark() {
    const where = here();
    if (document.hidden || !where || !isMember(where) || list.node.hidden) return;
    const latest = log(where.id).list.at(-1)?.ts;
    if (!latest || (where.last_read[world.me] ?? "") >= latest) return;
    where.last_read[world.me] = latest;
    delete world.unread[where.id];
    tell("unread");
    act("mark", { channel: where.id, ts: latest }).catch(() => {});
  }

  return { focus: write.focus };
}

function drawHeaderKeeping(head) {
  const key = head.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  drawHeader(head);
  if (key) [...head.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key)?.focus();
}

/** What stands above the first message. */
function beginning() {
  const where = here();
  const name = channelName(where);
  if (where.kind === "im") return el("div", { class: "beginning" }, el("h2", {}, name), el("p", {}, `This is the beginning of your direct messages with ${name}.`));
  return el("div", { class: "beginning" }, el("h2", {}, `# ${name}`), el("p", {}, "This is the very beginning of the channel."));
}
