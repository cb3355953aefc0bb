// The head of a conversation: its name, topic, people, pins and bookmarks.

import { button, el, fill } from "./dom.js";
import { dialog, ask, prompt } from "./dialogs.js";
import { get } from "./api.js";
import { link } from "./chips.js";
import { icon } from "./icons.js";
import { mrkdwn, plain } from "./mrkdwn.js";
import { avatar } from "./avatars.js";
import { menu } from "./popup.js";
import { go } from "./navigation.js";
import { row } from "./message.js";
import { withEmoji } from "./emoji.js";
import { attempt } from "./message_toolbar.js";
import { channelName, fullName, here, isApp, isMember, partner, person, shownName, tell, world } from "./store.js";

export function drawHeader(node) {
  const where = here();
  if (!where) return;
  fill(
    node,
    el(
      "div",
      { class: "bar" },
      button(icon("menu"), () => document.body.classList.add("drawer"), { class: "icon only-narrow", "aria-label": "Open the sidebar", data: { key: "drawer" } }),
      title(where),
      where.kind !== "im" && topic(where),
      el("span", { class: "space" }),
      where.kind !== "im" && faces(where),
    ),
    isAppHome(where) ? tabs() : bookmarks(where),
  );
}

export const isAppHome = (where) => where.kind === "im" && isApp(partner(where).id);

function title(where) {
  if (where.kind === "im") {
    return el("h1", { class: "title" }, avatar(partner(where).id, "small"), " ", channelName(where), isApp(partner(where).id) && el("span", { class: "badge" }, "APP"));
  }
  const node = button(
    [icon(where.kind === "group" ? "lock" : "hash"), where.name, where.is_archived && el("small", {}, " archived")],
    () => menu(node, doings(where), "Channel"),
    { "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": `${where.name}, channel menu`, data: { key: "channel" } },
  );
  return el("h1", { class: "title" }, node);
}

function doings(where) {
  const inside = isMember(where);
  const items = [
    { words: "About this channel", act: () => about(where) },
    inside && { words: "Edit topic", act: () => editTopic(where) },
    inside && { words: "Add people", act: () => addPeople(where) },
    inside && where.is_archived === false && { words: "Archive channel…", act: () => archive(where) },
    inside && where.is_archived && { words: "Unarchive channel", act: () => attempt("unarchive", { channel: where.id }) },
    inside && { words: "Leave channel", danger: true, act: () => attempt("leave", { channel: where.id }) },
    !inside && { words: "Join channel", act: () => attempt("join", { channel: where.id }) },
  ];
  return items.filter(Boolean);
}

function topic(where) {
  const words = where.topic.value;
  if (!words) return isMember(where) ? button("Add a topic", () => editTopic(where), { class: "topic empty", data: { key: "topic" } }) : null;
  return el("div", { class: "topic", dir: "auto", title: words.replace(/<[^>]*>/g, "") }, mrkdwn(words));
}

function faces(where) {
  return button(
    [el("span", { class: "stack", "aria-hidden": "true" }, where.members.slice(0, 3).map((id) => avatar(id, "tiny"))), el("span", {}, String(where.members.length))],
    () => members(where),
    { class: "faces", "aria-label": `${where.members.length} members`, title: "Members", data: { key: "members" } },
  );
}

function bookmarks(where) {
  const pins = where.pins.length;
  const all = where.bookmarks ?? [];
  if (!pins && !all.length) return null;
  return el(
    "div",
    { class: "bookmarks", role: "group", "aria-label": "Pins and bookmarks" },
    pins > 0 && button([icon("pin"), `${pins} pinned`], () => showPins(where), { data: { key: "pins" } }),
    all.map((one) => el("span", { class: "bookmark" }, link(one.link, [mark(one), one.title]))),
  );
}

const mark = (one) => (one.emoji ? el("span", { class: "emoji", "aria-hidden": "true" }, `${withEmoji(one.emoji)} `) : icon("link"));

function tabs() {
  const tab = (name, words) =>
    el("button", { type: "button", role: "tab", "aria-selected": String((world.tab ?? "home") === name), data: { key: `tab ${name}` }, on: { click: () => { world.tab = name; tell("place", { moved: true }); } } }, words);
  return el("div", { class: "tabs", role: "tablist", "aria-label": world.app.name }, tab("home", "Home"), tab("messages", "Messages"), tab("about", "About"));
}

async function showPins(where) {
  const found = await Promise.all(where.pins.map((pin) => get(`/channels/${where.id}/threads/${pin.ts}`).then((answer) => answer.messages[0], () => null)));
  const opened = dialog({
    title: `Pinned in #${where.name}`,
    wide: true,
    body: found.filter(Boolean).map((message) => el("div", { class: "pinned-one" }, row({ ...message, channel: where.id }, { inThread: true }), button("Go to message", () => { opened.close(); go(where.id, message.ts); }, { class: "outline" }))),
  });
}

function members(where) {
  dialog({
    title: `${where.members.length} members`,
    body: [
      el("ul", { class: "choose" }, where.members.map((id) => el("li", {}, el("div", { class: "one" }, avatar(id, "small"), el("span", {}, fullName(person(id))), el("small", {}, person(id)?.profile.title))))),
      isMember(where) && button("Add people", () => addPeople(where), { class: "outline" }),
    ],
  });
}

function addPeople(where) {
  const others = [...world.people.values()].filter((user) => !where.members.includes(user.id) && !user.deleted && user.id !== "USLACKBOT");
  const opened = dialog({
    title: `Add to #${where.name}`,
    body: others.length ? el("ul", { class: "choose" }, others.map((user) => el("li", {}, button([avatar(user.id, "small"), el("span", {}, fullName(user)), el("small", {}, user.profile.title || (user.is_bot ? "app" : ""))], async () => { opened.close(); await attempt("invite", { channel: where.id, names: [user.id] }); })))) : "Everybody is here already.",
  });
}

async function editTopic(where) {
  const text = await prompt({ title: "Edit topic", label: "Topic", value: where.topic.value.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&"), long: true });
  if (text !== null) await attempt("set_topic", { channel: where.id, topic: text });
}

async function archive(where) {
  if (await ask({ title: `Archive #${where.name}?`, body: "Nobody can write there any more.", confirm: "Archive", danger: true })) await attempt("archive", { channel: where.id });
}

function about(where) {
  dialog({
    title: `#${where.name}`,
    body: el("dl", { class: "about" },
      el("dt", {}, "Topic"), el("dd", { dir: "auto" }, where.topic.value ? mrkdwn(where.topic.value) : "none"),
      el("dt", {}, "Description"), el("dd", { dir: "auto" }, where.purpose.value ? mrkdwn(where.purpose.value) : "none"),
      el("dt", {}, "Created by"), el("dd", {}, shownName(person(where.creator))),
      el("dt", {}, "Channel ID"), el("dd", {}, el("code", {}, where.id))),
  });
}

export const aboutApp = () => el("div", { class: "app-about" }, el("h2", {}, world.app.name), el("p", {}, `The app ${world.app.id} in this workspace.`), el("h3", {}, "Commands"),
  el("ul", {}, world.app.commands.map((one) => el("li", {}, el("code", {}, one.name), " ", plain(one.description)))),
  el("h3", {}, "Shortcuts"), el("ul", {}, world.app.shortcuts.map((one) => el("li", {}, one.name, el("small", {}, one.kind === "global" ? " (anywhere, under ⚡)" : " (in a message's menu)")))));
