// Puts the page together, and keeps it true.

import { get, mine } from "./api.js";
import { el } from "./dom.js";
import { conversation } from "./conversation.js";
import { lookAtHome } from "./home.js";
import { inspector } from "./inspector.js";
import { changed, forget, load, loadThread, lookPrivate } from "./messages.js";
import { go, remember } from "./navigation.js";
import { sidebar } from "./sidebar.js";
import { stream } from "./stream.js";
import { threadPane } from "./thread_pane.js";
import { lookAtViews } from "./modals.js";
import { channel, isMember, isPerson, on, take, tell, world } from "./store.js";

const ABOUT_MESSAGES = new Set(["message", "message_changed", "message_deleted", "reaction_added", "reaction_removed", "pin_added", "pin_removed"]);
const ABOUT_EPHEMERALS = new Set(["ephemeral", "ephemeral_changed", "ephemeral_deleted"]);
const NOISE = new Set(["call", "delivery", "delivery_waits", "reaction_added", "reaction_removed", "message_changed"]);

async function start() {
  take(await get("/state"));
  world.me = whoami();
  await lookAtUnread();
  sidebar(document.getElementById("sidebar"));
  const talk = conversation(document.getElementById("main"));
  threadPane(document.getElementById("thread"));
  inspector(document.getElementById("inspector"));
  go(firstPlace());
  tell("unread");
  stream({ onchange, onback, online });
  await lookAtViews();
  keys(talk);
}

function whoami() {
  const wanted = new URLSearchParams(location.search).get("as") ?? sessionStorage.getItem("as");
  const people = [...world.people.values()].filter(isPerson);
  return (people.find((user) => user.name === wanted || user.id === wanted) ?? people[0]).id;
}

function firstPlace() {
  const wanted = new URLSearchParams(location.search).get("in");
  const all = [...world.channels.values()];
  const named = all.find((one) => one.id === wanted || one.name === wanted);
  const seen = named && (named.kind === "channel" || isMember(named)) ? named : null;
  return (seen ?? all.find((one) => one.is_general) ?? all.find((one) => isMember(one)) ?? all[0]).id;
}

async function onchange(entry) {
  world.seq = entry.seq;
  tell("change", entry);
  const { kind } = entry;
  if (ABOUT_MESSAGES.has(kind)) changed(entry.channel, entry.ts);
  if (ABOUT_EPHEMERALS.has(kind)) {
    if (entry.viewer === world.me) await quietly(lookPrivate(entry.channel));
    return;
  }
  if (kind === "home_published") {
    if (entry.user === world.me) await quietly(lookAtHome({ quiet: true }));
    return;
  }
  if (kind.startsWith("view_")) {
    if (entry.user === world.me) await quietly(lookAtViewsOrHome());
    return;
  }
  if (kind === "message") {
    if (entry.channel !== world.place || document.hidden) soon("unread", lookAtUnread, 60);
  } else if (kind === "marked") {
    if (entry.user === world.me && entry.channel !== world.place) soon("unread", lookAtUnread, 60);
  } else if (!NOISE.has(kind)) soon("state", reload, 40);
}

async function lookAtViewsOrHome() {
  await lookAtViews();
  if (world.home) await lookAtHome({ quiet: true });
}

const timers = new Map();

/** Do it a little later, once, however often it is asked for. */
function soon(name, work, wait) {
  if (timers.has(name)) return;
  timers.set(name, setTimeout(() => { timers.delete(name); quietly(work()); }, wait));
}

async function quietly(work) {
  try {
    await work;
  } catch (problem) {
    console.warn(problem.message);
  }
}

async function reload() {
  take(await get("/state"));
  await lookAtUnread();
  tell("state");
}

async function lookAtUnread() {
  const { unread } = await mine("unread");
  const before = JSON.stringify(world.unread);
  world.unread = unread;
  if (JSON.stringify(unread) !== before) tell("unread");
}

/** After a gap nothing is taken for granted. */
async function onback() {
  await quietly(reload());
  const at = world.place;
  forget();
  if (channel(at)) await quietly(load(at));
  if (world.thread) await quietly(loadThread(world.thread.channel, world.thread.ts));
  await quietly(lookAtViewsOrHome());
}

const cut = el("div", { class: "cut", role: "alert", hidden: true }, "The line to the workspace is cut. Trying again…");
document.body.prepend(cut);
const online = (is) => { cut.hidden = is; };

on("become", async (id) => {
  world.me = id;
  world.home = null;
  world.thread = null;
  tell("person");
  forget();
  remember();
  await lookAtUnread();
  const where = channel(world.place);
  tell("thread", {});
  go(where && (where.kind === "channel" || isMember(where)) ? where.id : firstPlace());
  tell("place", { moved: true });
  await lookAtViews();
});
on("reload", async (done) => { await quietly(reload()); done(); });

/** Ctrl+K or Ctrl+/ to the sidebar, Escape back to writing. */
function keys(talk) {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "k") {
      event.preventDefault();
      document.body.classList.add("drawer");
      document.querySelector("#sidebar a.current, #sidebar a")?.focus();
    } else if (event.key === "Escape" && !event.defaultPrevented) {
      if (document.body.classList.contains("drawer")) document.body.classList.remove("drawer");
      else if (document.activeElement?.closest("#main, #sidebar")) talk.focus();
    }
  });
}

window.addEventListener("popstate", () => location.reload());
start().catch((problem) => {
  document.getElementById("main").append(el("p", { class: "problem" }, `The page could not start: ${problem.message}`));
  console.error(problem);
});
