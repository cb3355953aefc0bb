// Entry point of the web UI: builds its parts and keeps them up to date from the change stream.

import { get, mine } from "./api.js";
import { el } from "./dom.js";
import { followBotClock } from "./bot_clock.js";
import { conversation } from "./conversation.js";
import { refreshHome } from "./home.js";
import { inspector } from "./inspector.js";
import { markChanged, forgetMessages, loadChannel, loadThread, refreshEphemerals } from "./messages.js";
import { openChannel, rememberInAddress } from "./navigation.js";
import { sidebar } from "./sidebar.js";
import { stream } from "./stream.js";
import { showTour, tourBanner } from "./tour.js";
import { threadPane } from "./thread_pane.js";
import { refreshModals } from "./modals.js";
import { channelById, isMember, isPerson, on, loadState, emit, store } from "./store.js";

const ABOUT_MESSAGES = new Set(["message", "message_changed", "message_deleted", "reaction_added", "reaction_removed", "pin_added", "pin_removed"]);
const ABOUT_EPHEMERALS = new Set(["ephemeral", "ephemeral_changed", "ephemeral_deleted"]);
const NOISE = new Set(["call", "delivery", "delivery_waits", "reaction_added", "reaction_removed", "message_changed"]);

async function start() {
  loadState(await get("/state"));
  store.me = initialUserId();
  await refreshUnread();
  await followBotClock();
  sidebar(document.getElementById("sidebar"));
  const conversationPane = conversation(document.getElementById("main"));
  threadPane(document.getElementById("thread"));
  inspector(document.getElementById("inspector"));
  openChannel(initialChannelId());
  emit("unread");
  showStarting();
  on("state", showStarting);
  on("clock", () => { forgetMessages(); loadChannel(store.channelId); });
  stream({ onchange, onback, online });
  await refreshModals();
  bindKeys(conversationPane);
}

function initialUserId() {
  const requested = new URLSearchParams(location.search).get("as") ?? sessionStorage.getItem("as");
  const people = [...store.people.values()].filter(isPerson);
  return (people.find((user) => user.name === requested || user.id === requested) ?? people[0]).id;
}

function initialChannelId() {
  const requested = new URLSearchParams(location.search).get("in");
  const all = [...store.channels.values()];
  const requestedChannel = all.find((channel) => channel.id === requested || channel.name === requested);
  const visible = requestedChannel && (requestedChannel.kind === "channel" || isMember(requestedChannel)) ? requestedChannel : null;
  return (visible ?? all.find((channel) => channel.is_general) ?? all.find((channel) => isMember(channel)) ?? all[0]).id;
}

async function onchange(entry) {
  store.seq = entry.seq;
  emit("change", entry);
  const { kind } = entry;
  if (kind === "tour") {
    showTour(entry);
    return;
  }
  if (ABOUT_MESSAGES.has(kind)) markChanged(entry.channel, entry.ts);
  if (ABOUT_EPHEMERALS.has(kind)) {
    if (entry.viewer === store.me) await warnOnFailure(refreshEphemerals(entry.channel));
    return;
  }
  if (kind === "home_published") {
    if (entry.user === store.me) await warnOnFailure(refreshHome({ quiet: true }));
    return;
  }
  if (kind.startsWith("view_")) {
    if (entry.user === store.me) await warnOnFailure(refreshModalsAndHome());
    return;
  }
  if (kind === "message") {
    if (entry.channel !== store.channelId || document.hidden) scheduleOnce("unread", refreshUnread, 60);
  } else if (kind === "marked") {
    if (entry.user === store.me && entry.channel !== store.channelId) scheduleOnce("unread", refreshUnread, 60);
  } else if (!NOISE.has(kind)) scheduleOnce("state", reload, 40);
}

async function refreshModalsAndHome() {
  await refreshModals();
  if (store.home) await refreshHome({ quiet: true });
}

const timers = new Map();

/** Run `work` once after `wait` ms; further calls in the meantime are ignored. */
function scheduleOnce(name, work, wait) {
  if (timers.has(name)) return;
  timers.set(name, setTimeout(() => { timers.delete(name); warnOnFailure(work()); }, wait));
}

async function warnOnFailure(work) {
  try {
    await work;
  } catch (problem) {
    console.warn(problem.message);
  }
}

async function reload() {
  loadState(await get("/state"));
  await refreshUnread();
  emit("state");
}

async function refreshUnread() {
  const { unread } = await mine("unread");
  const before = JSON.stringify(store.unread);
  store.unread = unread;
  if (JSON.stringify(unread) !== before) emit("unread");
}

/** Fetch everything anew after the stream was interrupted. */
async function onback() {
  await warnOnFailure(reload());
  const channelId = store.channelId;
  forgetMessages();
  if (channelById(channelId)) await warnOnFailure(loadChannel(channelId));
  if (store.thread) await warnOnFailure(loadThread(store.thread.channel, store.thread.ts));
  await warnOnFailure(refreshModalsAndHome());
}

const connectionBanner = el("div", { class: "cut", role: "alert", hidden: true }, "The connection to the workspace is lost. Reconnecting…");
document.body.prepend(connectionBanner);
const startingBanner = el("div", { class: "starting", role: "status", hidden: true });
document.body.prepend(startingBanner);
document.body.prepend(tourBanner);

/** Say that the bot is starting: what is typed meanwhile waits. */
function showStarting() {
  startingBanner.hidden = !store.starting;
  startingBanner.textContent = store.starting ? `${store.app.name} is starting. What you type waits a moment.` : "";
}

const skip = el("button", { type: "button", class: "skip", on: { click: () => emit("to-card") } }, "Skip to the card or the newest message");
document.body.prepend(skip);
const online = (is) => { connectionBanner.hidden = is; };

on("become", async (id) => {
  store.me = id;
  store.home = null;
  store.thread = null;
  emit("person");
  forgetMessages();
  rememberInAddress();
  await refreshUnread();
  const channel = channelById(store.channelId);
  emit("thread", {});
  openChannel(channel && (channel.kind === "channel" || isMember(channel)) ? channel.id : initialChannelId());
  emit("navigation", { moved: true });
  await refreshModals();
});
on("reload", async (done) => { await warnOnFailure(reload()); done(); });

/** Ctrl+K focuses the sidebar, Escape the composer. */
function bindKeys(conversationPane) {
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === "k") {
      event.preventDefault();
      document.body.classList.add("drawer");
      document.querySelector("#sidebar a.current, #sidebar a")?.focus();
    } else if (event.key === "Escape" && !event.defaultPrevented) {
      if (document.body.classList.contains("drawer")) document.body.classList.remove("drawer");
      else if (document.activeElement?.closest("#main, #sidebar")) conversationPane.focus();
    }
  });
}

window.addEventListener("popstate", () => location.reload());
start().catch((problem) => {
  document.getElementById("main").append(el("p", { class: "problem" }, `The web UI could not start: ${problem.message}`));
  console.error(problem);
});
