// The header of a conversation: name, topic, members, pins and bookmarks.

import { button, el, fill } from "./dom.js";
import { dialog, ask, prompt } from "./dialogs.js";
import { get } from "./api.js";
import { link } from "./chips.js";
import { icon } from "./icons.js";
import { mrkdwn, plain } from "./mrkdwn.js";
import { avatar } from "./avatars.js";
import { menu } from "./popup.js";
import { openChannel } from "./navigation.js";
import { messageRow } from "./message.js";
import { withEmoji } from "./emoji.js";
import { actOrNotify } from "./message_toolbar.js";
import { channelName, fullName, currentChannel, isApp, isMember, directPartner, userById, shownName, emit, store } from "./store.js";

export function drawHeader(node) {
  const channel = currentChannel();
  if (!channel) return;
  fill(
    node,
    el(
      "div",
      { class: "bar" },
      button(icon("menu"), () => document.body.classList.add("drawer"), { class: "icon only-narrow", "aria-label": "Open the sidebar", data: { key: "drawer" } }),
      title(channel),
      channel.kind !== "im" && topic(channel),
      el("span", { class: "space" }),
      channel.kind !== "im" && memberFaces(channel),
    ),
    isAppHome(channel) ? tabs() : pinsAndBookmarks(channel),
  );
}

export const isAppHome = (channel) => channel.kind === "im" && isApp(directPartner(channel).id);

function title(channel) {
  if (channel.kind === "im") {
    return el("h1", { class: "title" }, avatar(directPartner(channel).id, "small"), " ", channelName(channel), isApp(directPartner(channel).id) && el("span", { class: "badge" }, "APP"));
  }
  const node = button(
    [icon(channel.kind === "group" ? "lock" : "hash"), channel.name, channel.is_archived && el("small", {}, " archived")],
    () => menu(node, menuItems(channel), "Channel"),
    { "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": `${channel.name}, channel menu`, data: { key: "channel" } },
  );
  return el("h1", { class: "title" }, node);
}

function menuItems(channel) {
  const inside = isMember(channel);
  const items = [
    { label: "About this channel", run: () => about(channel) },
    inside && { label: "Edit topic", run: () => editTopic(channel) },
    inside && { label: "Add people", run: () => addPeople(channel) },
    inside && channel.is_archived === false && { label: "Archive channel…", run: () => archive(channel) },
    inside && channel.is_archived && { label: "Unarchive channel", run: () => actOrNotify("unarchive", { channel: channel.id }) },
    store.people.get(store.me)?.is_admin && { label: "Delete channel…", danger: true, run: () => deleteChannel(channel) },
    inside && { label: "Leave channel", danger: true, run: () => actOrNotify("leave", { channel: channel.id }) },
    !inside && { label: "Join channel", run: () => actOrNotify("join", { channel: channel.id }) },
  ];
  return items.filter(Boolean);
}

function topic(channel) {
  const label = channel.topic.value;
  if (!label) return isMember(channel) ? button("Add a topic", () => editTopic(channel), { class: "topic empty", data: { key: "topic" } }) : null;
  return el("div", { class: "topic", dir: "auto", title: label.replace(/<[^>]*>/g, "") }, mrkdwn(label));
}

function memberFaces(channel) {
  return button(
    [el("span", { class: "stack", "aria-hidden": "true" }, channel.members.slice(0, 3).map((id) => avatar(id, "tiny"))), el("span", {}, String(channel.members.length))],
    () => members(channel),
    { class: "faces", "aria-label": `${channel.members.length} members`, title: "Members", data: { key: "members" } },
  );
}

function pinsAndBookmarks(channel) {
  const pins = channel.pins.length;
  const bookmarks = channel.bookmarks ?? [];
  if (!pins && !bookmarks.length) return null;
  return el(
    "div",
    { class: "bookmarks", role: "group", "aria-label": "Pins and bookmarks" },
    pins > 0 && button([icon("pin"), `${pins} pinned`], () => showPins(channel), { data: { key: "pins" } }),
    bookmarks.map((bookmark) => el("span", { class: "bookmark" }, link(bookmark.link, [bookmarkIcon(bookmark), bookmark.title]))),
  );
}

const bookmarkIcon = (bookmark) => (bookmark.emoji ? el("span", { class: "emoji", "aria-hidden": "true" }, `${withEmoji(bookmark.emoji)} `) : icon("link"));

function tabs() {
  const tab = (name, label) =>
    el("button", { type: "button", role: "tab", "aria-selected": String((store.tab ?? "home") === name), data: { key: `tab ${name}` }, on: { click: () => { store.tab = name; emit("navigation", { moved: true }); } } }, label);
  return el("div", { class: "tabs", role: "tablist", "aria-label": store.app.name }, tab("home", "Home"), tab("messages", "Messages"), tab("about", "About"));
}

async function showPins(channel) {
  const messages = await Promise.all(channel.pins.map((pin) => get(`/channels/${channel.id}/threads/${pin.ts}`).then((answer) => answer.messages[0], () => null)));
  const opened = dialog({
    title: `Pinned in #${channel.name}`,
    wide: true,
    body: messages.filter(Boolean).map((message) => el("div", { class: "pinned-one" }, messageRow({ ...message, channel: channel.id }, { inThread: true }), button("Go to message", () => { opened.close(); openChannel(channel.id, message.ts); }, { class: "outline" }))),
  });
}

function members(channel) {
  const remove = (id) => button("Remove", async () => { opened.close(); await actOrNotify("kick", { channel: channel.id, name: id }); }, { class: "outline", "aria-label": `Remove ${fullName(userById(id))}` });
  const opened = dialog({
    title: `${channel.members.length} members`,
    body: [
      el("ul", { class: "choose" }, channel.members.map((id) => el("li", {}, el("div", { class: "one" }, avatar(id, "small"), el("span", {}, fullName(userById(id))), el("small", {}, userById(id)?.profile.title), isMember(channel) && id !== store.me && remove(id))))),
      isMember(channel) && button("Add people", () => addPeople(channel), { class: "outline" }),
    ],
  });
}

function addPeople(channel) {
  const others = [...store.people.values()].filter((user) => !channel.members.includes(user.id) && !user.deleted && user.id !== "USLACKBOT");
  const opened = dialog({
    title: `Add to #${channel.name}`,
    body: others.length ? el("ul", { class: "choose" }, others.map((user) => el("li", {}, button([avatar(user.id, "small"), el("span", {}, fullName(user)), el("small", {}, user.profile.title || (user.is_bot ? "app" : ""))], async () => { opened.close(); await actOrNotify("invite", { channel: channel.id, names: [user.id] }); })))) : "Everyone is a member already.",
  });
}

async function editTopic(channel) {
  const text = await prompt({ title: "Edit topic", label: "Topic", value: channel.topic.value.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&"), long: true });
  if (text !== null) await actOrNotify("set_topic", { channel: channel.id, topic: text });
}

async function archive(channel) {
  if (await ask({ title: `Archive #${channel.name}?`, body: "No one can post in it afterwards.", confirm: "Archive", danger: true })) await actOrNotify("archive", { channel: channel.id });
}

async function deleteChannel(channel) {
  if (await ask({ title: `Delete #${channel.name}?`, body: "Its messages are gone for good.", confirm: "Delete", danger: true })) await actOrNotify("delete_channel", { channel: channel.id });
}

function about(channel) {
  dialog({
    title: `#${channel.name}`,
    body: el("dl", { class: "about" },
      el("dt", {}, "Topic"), el("dd", { dir: "auto" }, channel.topic.value ? mrkdwn(channel.topic.value) : "none"),
      el("dt", {}, "Description"), el("dd", { dir: "auto" }, channel.purpose.value ? mrkdwn(channel.purpose.value) : "none"),
      el("dt", {}, "Created by"), el("dd", {}, shownName(userById(channel.creator))),
      el("dt", {}, "Channel ID"), el("dd", {}, el("code", {}, channel.id))),
  });
}

export const aboutApp = () => el("div", { class: "app-about" }, el("h2", {}, store.app.name), el("p", {}, `The app ${store.app.id} in this workspace.`), el("h3", {}, "Commands"),
  el("ul", {}, store.app.commands.map((bookmark) => el("li", {}, el("code", {}, bookmark.name), " ", plain(bookmark.description)))),
  el("h3", {}, "Shortcuts"), el("ul", {}, store.app.shortcuts.map((bookmark) => el("li", {}, bookmark.name, el("small", {}, bookmark.kind === "global" ? " (anywhere, under ⚡)" : " (in a message's menu)")))));
