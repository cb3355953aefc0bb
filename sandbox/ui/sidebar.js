// The workspace beside the conversation: who I am, channels, direct messages, the app.

import { button, el, fill, refocus, focusWithin } from "./dom.js";
import { avatar } from "./avatars.js";
import { menu } from "./popup.js";
import { icon } from "./icons.js";
import { dialog, prompt } from "./dialogs.js";
import { showSearch, showThreads } from "./search.js";
import { go } from "./navigation.js";
import { attempt } from "./message_toolbar.js";
import { fullName, isMember, isPerson, me, myChannels, myDirects, on, partner, tell, world } from "./store.js";

export function sidebar(node) {
  const head = el("div", { class: "workspace" });
  const list = el("div", { class: "places", role: "navigation", "aria-label": "Channels and direct messages" });
  const foot = el("div", { class: "foot" });
  fill(node, head, list, foot);

  function draw() {
    if (!me()) return;
    const focused = focusWithin(node);
    fill(
      head,
      el("span", { class: "team" }, world.team.name),
      button(icon("close"), () => document.body.classList.remove("drawer"), { class: "icon only-narrow", "aria-label": "Close the sidebar" }),
    );
    fill(list, finding(), channels(), directs(), apps());
    fill(foot, whoAmI(), button(icon("gauge"), () => tell("inspect", {}), { class: "icon", data: { key: "inspector" }, "aria-label": "Inspector", title: "Inspector: Block Kit, calls, deliveries and faults" }));
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
  for (const kind of ["state", "place", "unread", "person"]) on(kind, draw);
  draw();
}

function finding() {
  const line = (words, sign, open, key) => el("li", {}, button([el("span", { class: "sign" }, icon(sign)), el("span", { class: "name" }, words)], () => { document.body.classList.remove("drawer"); open(); }, { class: "place", data: { key } }));
  return el("ul", { class: "finding" }, line("Search", "search", showSearch, "search"), line("Threads", "thread", showThreads, "threads"));
}

function section(title, more, entries) {
  return el("section", {}, el("div", { class: "title" }, el("h2", {}, title), more), el("ul", {}, entries.map((entry) => el("li", {}, entry))));
}

/** One line: a real link, so that it can be opened in another tab. */
function place(where, sign, name, { key = where.id, tab } = {}) {
  const unread = world.unread[where.id];
  const current = world.place === where.id;
  const marks = [
    "place", current && "current", unread && !current && "unread",
  ].filter(Boolean).join(" ");
  const address = `?as=${me().name}&in=${where.kind === "im" ? where.id : where.name}`;
  const rings = unread && !current ? unread.rings : 0;
  return el(
    "a",
    {
      class: marks, href: address, "aria-current": current ? "page" : undefined, data: { key },
      on: {
        click: (event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          go(where.id);
          if (tab) { world.tab = tab; tell("place", { moved: true }); }
        },
      },
    },
    el("span", { class: "sign" }, sign),
    el("span", { class: "name" }, name),
    unread && !current && !rings && el("span", { class: "sr" }, `, ${unread.messages} unread`),
    rings > 0 && el("span", { class: "badge", "aria-label": `${rings} for you` }, rings > 98 ? "99+" : String(rings)),
  );
}

function channels() {
  const more = button(icon("plus"), () => menu(more, [
    { words: "Browse channels", act: browse },
    { words: "Create a channel", act: () => create(false) },
    { words: "Create a private channel", act: () => create(true) },
  ], "Add channels"), { class: "icon", "aria-label": "Add channels", title: "Add channels", "aria-haspopup": "menu", "aria-expanded": "false", data: { key: "add-channels" } });
  const shown = myChannels();
  const looking = world.channels.get(world.place);
  if (looking && looking.kind === "channel" && !isMember(looking)) shown.push(looking);
  return section("Channels", more, shown.map((one) => place(one, one.kind === "group" ? lock() : icon("hash"), one.name)));
}

function lock() {
  return el("span", { class: "lock", role: "img", "aria-label": "Private" }, icon("lock"));
}

function directs() {
  const more = button(icon("plus"), () => newMessage(), { class: "icon", "aria-label": "New direct message", title: "New direct message", data: { key: "new-direct" } });
  const shown = myDirects().filter((one) => partner(one).id !== world.app.bot.id).sort((a, b) => fullName(partner(a)).localeCompare(fullName(partner(b))));
  return section("Direct messages", more, shown.map((one) => place(one, avatar(partner(one).id, "tiny"), fullName(partner(one)))));
}

function apps() {
  const im = myDirects().find((one) => partner(one).id === world.app.bot.id);
  const name = world.app.name;
  if (im) return section("Apps", null, [place(im, avatar(world.app.bot.id, "tiny"), name)]);
  const open = el("a", {
    class: "place", href: "#", data: { key: "app" },
    on: { click: async (event) => { event.preventDefault(); await openDirect(world.app.bot.name); } },
  }, el("span", { class: "sign" }, avatar(world.app.bot.id, "tiny")), el("span", { class: "name" }, name));
  return section("Apps", null, [open]);
}

function whoAmI() {
  const node = button(
    [avatar(me().id, "small"), el("span", { class: "words" }, el("small", {}, "You are"), el("strong", {}, fullName(me())))],
    () => menu(node, [...world.people.values()].filter(isPerson).map((user) => ({
      words: fullName(user), hint: [user.profile.title, user.tz].filter(Boolean).join(" · "), act: () => tell("become", user.id),
    })), "You are"),
    { class: "me", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": `You are ${fullName(me())}. Be somebody else`, data: { key: "me" } },
  );
  return node;
}

export async function openDirect(name) {
  const reply = await attempt("open_dm", { other: name });
  if (!reply) return;
  await new Promise((resolve) => tell("reload", resolve));
  go(reply.channel.id);
}

function newMessage() {
  const people = [...world.people.values()].filter((user) => isPerson(user) && user.id !== world.me);
  const opened = dialog({
    title: "New direct message",
    body: el("ul", { class: "choose" }, people.map((user) => el("li", {}, button([avatar(user.id, "small"), el("span", {}, fullName(user)), el("small", {}, user.profile.title)], () => { opened.close(); openDirect(user.name); })))),
  });
}

function browse() {
  const all = [...world.channels.values()].filter((c) => c.kind === "channel").sort((a, b) => a.name.localeCompare(b.name));
  const opened = dialog({
    title: "Browse channels",
    body: el("ul", { class: "choose" }, all.map((c) => el("li", {}, button(
      [el("span", {}, `#${c.name}`), el("small", {}, [isMember(c) && "joined", c.is_archived && "archived", `${c.num_members} members`].filter(Boolean).join(" · "))],
      () => { opened.close(); go(c.id); },
    )))),
  });
}

async function create(isPrivate) {
  const name = await prompt({ title: isPrivate ? "Create a private channel" : "Create a channel", label: "Name", action: "Create", hint: "Lower case letters, digits, - and _" });
  if (!name?.trim()) return;
  const reply = await attempt("create", { name: name.trim().replace(/^#/, ""), is_private: isPrivate });
  if (!reply) return;
  await new Promise((resolve) => tell("reload", resolve));
  go(reply.channel.id);
}
