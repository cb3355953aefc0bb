// The sidebar: channels, direct messages, the app, and the current user.

import { button, el, fill, refocus, focusWithin } from "./dom.js";
import { avatar } from "./avatars.js";
import { botClock } from "./bot_clock.js";
import { menu } from "./popup.js";
import { icon } from "./icons.js";
import { dialog, prompt } from "./dialogs.js";
import { showSearch, showThreads } from "./search.js";
import { openChannel } from "./navigation.js";
import { actOrNotify } from "./message_toolbar.js";
import { fullName, isMember, isPerson, currentUser, myChannels, myDirects, on, directPartner, emit, store } from "./store.js";

export function sidebar(node) {
  const head = el("div", { class: "workspace" });
  const list = el("div", { class: "places", role: "navigation", "aria-label": "Channels and direct messages" });
  const foot = el("div", { class: "foot" });
  fill(node, head, list, foot);

  function draw() {
    if (!currentUser()) return;
    const focused = focusWithin(node);
    fill(
      head,
      el("span", { class: "team" }, store.team.name, botClock()),
      button(icon("close"), () => document.body.classList.remove("drawer"), { class: "icon only-narrow", "aria-label": "Close the sidebar" }),
    );
    fill(list, searchLinks(), channels(), directs(), apps());
    fill(foot, whoAmI(), button(icon("gauge"), () => emit("inspect", {}), { class: "icon", data: { key: "inspector" }, "aria-label": "Inspector", title: "Inspector: Block Kit, calls, deliveries and faults" }));
    if (focused) refocus(node, focused);
  }

  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const all = [...list.querySelectorAll("a")];
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    event.preventDefault();
    next?.focus();
  });
  for (const kind of ["state", "navigation", "unread", "person", "clock"]) on(kind, draw);
  draw();
}

function searchLinks() {
  const searchLink = (label, glyph, open, key) => el("li", {}, button([el("span", { class: "sign" }, icon(glyph)), el("span", { class: "name" }, label)], () => { document.body.classList.remove("drawer"); open(); }, { class: "place", data: { key } }));
  return el("ul", { class: "search-links" }, searchLink("Search", "search", showSearch, "search"), searchLink("Threads", "thread", showThreads, "threads"));
}

function section(title, more, entries) {
  return el("section", {}, el("div", { class: "title" }, el("h2", {}, title), more), el("ul", {}, entries.map((entry) => el("li", {}, entry))));
}

/** A channel as a real link, so that it can be opened in another tab. */
function channelLink(channel, glyph, name, { key = channel.id, tab } = {}) {
  const unread = store.unread[channel.id];
  const current = store.channelId === channel.id;
  const marks = [
    "place", current && "current", unread && !current && "unread",
  ].filter(Boolean).join(" ");
  const address = `?as=${currentUser().name}&in=${channel.kind === "im" ? channel.id : channel.name}`;
  const rings = unread && !current ? unread.rings : 0;
  return el(
    "a",
    {
      class: marks, href: address, "aria-current": current ? "page" : undefined, data: { key },
      on: {
        click: (event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          openChannel(channel.id);
          if (tab) { store.tab = tab; emit("navigation", { moved: true }); }
        },
      },
    },
    el("span", { class: "sign" }, glyph),
    el("span", { class: "name" }, name),
    unread && !current && !rings && el("span", { class: "sr" }, `, ${unread.messages} unread`),
    rings > 0 && el("span", { class: "badge", "aria-label": `${rings} for you` }, rings > 98 ? "99+" : String(rings)),
  );
}

function channels() {
  const more = button(icon("plus"), () => menu(more, [
    { label: "Browse channels", run: browse },
    { label: "Create a channel", run: () => create(false) },
    { label: "Create a private channel", run: () => create(true) },
  ], "Add channels"), { class: "icon", "aria-label": "Add channels", title: "Add channels", "aria-haspopup": "menu", "aria-expanded": "false", data: { key: "add-channels" } });
  const shown = myChannels();
  const current = store.channels.get(store.channelId);
  if (current && current.kind === "channel" && !isMember(current)) shown.push(current);
  return section("Channels", more, shown.map((channel) => channelLink(channel, channel.kind === "group" ? lock() : icon("hash"), channel.name)));
}

function lock() {
  return el("span", { class: "lock", role: "img", "aria-label": "Private" }, icon("lock"));
}

function directs() {
  const more = button(icon("plus"), () => newMessage(), { class: "icon", "aria-label": "New direct message", title: "New direct message", data: { key: "new-direct" } });
  const shown = myDirects().filter((channel) => directPartner(channel).id !== store.app.bot.id).sort((a, b) => fullName(directPartner(a)).localeCompare(fullName(directPartner(b))));
  return section("Direct messages", more, shown.map((channel) => channelLink(channel, avatar(directPartner(channel).id, "tiny"), fullName(directPartner(channel)))));
}

function apps() {
  const im = myDirects().find((channel) => directPartner(channel).id === store.app.bot.id);
  const name = store.app.name;
  const page = [...consoleLink(), ...statusPageLink()];
  if (im) return section("Apps", null, [channelLink(im, avatar(store.app.bot.id, "tiny"), name), ...page]);
  const open = el("a", {
    class: "place", href: "#", data: { key: "app" },
    on: { click: async (event) => { event.preventDefault(); await openDirect(store.app.bot.name); } },
  }, el("span", { class: "sign" }, avatar(store.app.bot.id, "tiny")), el("span", { class: "name" }, name));
  return section("Apps", null, [open, ...page]);
}

/** What the commander sees in a browser: the app's console, where the current user is signed in by this workspace. */
function consoleLink() {
  if (!store.console) return [];
  return [el("a", {
    class: "place", href: `/openid/as/${store.me}?then=${encodeURIComponent(store.console)}`, target: "_blank", rel: "noopener",
    title: "What the commander sees in a browser", data: { key: "console" },
  }, el("span", { class: "sign" }, icon("link")), el("span", { class: "name" }, "Console"))];
}

/** The app's status page, in a tab of its own; nothing where the app serves none. */
function statusPageLink() {
  if (!store.statusPage) return [];
  return [el("a", {
    class: "place", href: store.statusPage, target: "_blank", rel: "noopener", data: { key: "status-page" },
  }, el("span", { class: "sign" }, icon("link")), el("span", { class: "name" }, "Status page"))];
}

function whoAmI() {
  const node = button(
    [avatar(currentUser().id, "small"), el("span", { class: "words" }, el("small", {}, "You are"), el("strong", {}, fullName(currentUser())))],
    () => menu(node, [...store.people.values()].filter(isPerson).map((user) => ({
      label: fullName(user), hint: [user.profile.title, user.tz].filter(Boolean).join(" · "), run: () => emit("become", user.id),
    })), "You are"),
    { class: "me", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": `You are ${fullName(currentUser())}. Switch person`, data: { key: "me" } },
  );
  return node;
}

/** Fetch the workspace's state anew, so that a channel that was just created is known. */
const reloadState = () => new Promise((resolve) => { emit("reload", resolve); });

export async function openDirect(name) {
  const reply = await actOrNotify("open_dm", { other: name });
  if (!reply) return;
  await reloadState();
  openChannel(reply.channel.id);
}

function newMessage() {
  const people = [...store.people.values()].filter((user) => isPerson(user) && user.id !== store.me);
  const opened = dialog({
    title: "New direct message",
    body: el("ul", { class: "choose" }, people.map((user) => el("li", {}, button([avatar(user.id, "small"), el("span", {}, fullName(user)), el("small", {}, user.profile.title)], () => { opened.close(); openDirect(user.name); })))),
  });
}

function browse() {
  const all = [...store.channels.values()].filter((c) => c.kind === "channel").sort((a, b) => a.name.localeCompare(b.name));
  const opened = dialog({
    title: "Browse channels",
    body: el("ul", { class: "choose" }, all.map((c) => el("li", {}, button(
      [el("span", {}, `#${c.name}`), el("small", {}, [isMember(c) && "joined", c.is_archived && "archived", `${c.num_members} members`].filter(Boolean).join(" · "))],
      () => { opened.close(); openChannel(c.id); },
    )))),
  });
}

async function create(isPrivate) {
  const name = await prompt({ title: isPrivate ? "Create a private channel" : "Create a channel", label: "Name", action: "Create", hint: "Lower case letters, digits, - and _" });
  if (!name?.trim()) return;
  const reply = await actOrNotify("create", { name: name.trim().replace(/^#/, ""), is_private: isPrivate });
  if (!reply) return;
  await reloadState();
  openChannel(reply.channel.id);
}
