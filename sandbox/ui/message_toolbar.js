// The small bar on the message one points at, and its menu.

import { act } from "./api.js";
import { button, el, notice } from "./dom.js";
import { emoji, emojiNames, QUICK } from "./emoji.js";
import { icon } from "./icons.js";
import { ask, prompt } from "./dialogs.js";
import { menu, popup } from "./popup.js";
import { react } from "./reactions.js";
import { me, tell, world } from "./store.js";
import { openThread } from "./navigation.js";

const bar = el("div", { class: "tools", role: "toolbar", "aria-label": "Message actions" });

/** Show the bar while a row is pointed at, touched or focused. */
export function attend(node, message, { inThread }) {
  const show = () => {
    if (bar.parentNode === node) return;
    fillBar(message, inThread);
    node.append(bar);
  };
  node.addEventListener("pointerenter", () => { if (!bar.querySelector("[aria-expanded=true]")) show(); });
  node.addEventListener("focusin", show);
  node.addEventListener("click", show);
}

function fillBar(message, inThread) {
  const has = (name) => message.reactions?.some((one) => one.name === name && one.users.includes(world.me));
  const more = button(icon("more"), () => menu(more, entries(message, inThread), "Message actions"), {
    "aria-label": "More actions", title: "More actions", "aria-haspopup": "menu", "aria-expanded": "false", data: { key: "more" },
  });
  bar.replaceChildren(
    ...QUICK.map((name) => button(emoji(name), () => react(message, name, has(name)), { class: "quick", "aria-label": `React with ${name.replaceAll("_", " ")}`, title: `:${name}:` })),
    button(icon("smile"), (event) => chooseEmoji(event.currentTarget, (name) => react(message, name, has(name))), { "aria-label": "Add reaction", title: "Add reaction" }),
    ...(inThread ? [] : [button(icon("thread"), () => openThread(message.channel, message.thread_ts ?? message.ts), { "aria-label": "Reply in thread", title: "Reply in thread" })]),
    more,
  );
}

function entries(message, inThread) {
  const place = { channel: message.channel, ts: message.ts };
  const mine = message.user === world.me;
  const pinned = message.pinned_to?.length > 0;
  const items = [
    { words: "Add reaction…", act: () => chooseEmoji(rowOf(message), (name) => react(message, name)) },
    !inThread && { words: "Reply in thread", act: () => openThread(message.channel, message.thread_ts ?? message.ts) },
    { words: pinned ? "Unpin from channel" : "Pin to channel", act: () => attempt(pinned ? "unpin" : "pin", place) },
    mine && { words: "Edit message", act: () => edit(message) },
    (mine || me().is_admin) && { words: "Delete message…", danger: true, act: () => remove(message) },
    "-",
    ...shortcuts().map((one) => ({ words: one.name, hint: world.app.name, act: () => use(one, place) })),
    "-",
    { words: "Show Block Kit and calls", hint: "Inspector", act: () => tell("inspect", { message }) },
  ];
  return items.filter(Boolean);
}

const shortcuts = () => world.app.shortcuts.filter((one) => one.kind === "message");
const rowOf = (message) => document.querySelector(`[data-ts="${message.ts}"]`) ?? document.body;

export async function attempt(name, body) {
  try {
    return await act(name, body);
  } catch (problem) {
    notice(`That did not work: ${problem.message}`, "bad");
    return null;
  }
}

async function use(shortcut, place) {
  const reply = await attempt("message_shortcut", { ...place, name: shortcut.callback_id });
  if (reply && !reply.ok) notice(`${world.app.name} did not answer (${reply.error}).`, "bad");
}

async function edit(message) {
  const unescaped = message.text.replace(/<@([UW][A-Z0-9]+)(?:\|[^>]*)?>/g, (whole, id) => `@${world.people.get(id)?.name ?? id}`)
    .replace(/<#([A-Z0-9]+)(?:\|[^>]*)?>/g, (whole, id) => `#${world.channels.get(id)?.name ?? id}`)
    .replace(/<!(here|channel|everyone)>/g, "@$1").replace(/<((?:https?|mailto):[^|>]+)(?:\|[^>]*)?>/g, "$1")
    .replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
  const text = await prompt({ title: "Edit message", label: "Message", value: unescaped, long: true });
  if (text !== null && text.trim() && text !== unescaped) await attempt("edit", { channel: message.channel, ts: message.ts, text });
}

async function remove(message) {
  const agreed = await ask({ title: "Delete message", body: "This cannot be undone.", confirm: "Delete", danger: true });
  if (agreed) await attempt("delete", { channel: message.channel, ts: message.ts });
}

/** A grid of the known emoji. */
export function chooseEmoji(anchor, chosen) {
  const grid = el("div", { class: "emoji-grid", role: "group", "aria-label": "Emoji" });
  const search = el("input", { class: "field", type: "text", placeholder: "Search", "aria-label": "Search emoji", autocomplete: "off" });
  const opened = popup(anchor, el("div", { class: "picker emoji-picker" }, search, grid), { label: "Choose an emoji" });
  const show = () => {
    const names = emojiNames().filter((name) => name.includes(search.value.toLowerCase().replaceAll(":", "").replaceAll(" ", "_")));
    grid.replaceChildren(...names.map((name) => button(emoji(name), () => { opened.close(); chosen(name); }, { title: `:${name}:`, "aria-label": name.replaceAll("_", " ") })));
  };
  search.addEventListener("input", show);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    grid.querySelector("button")?.click();
  });
  grid.addEventListener("keydown", (event) => {
    const all = [...grid.children];
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 8, ArrowUp: -8 }[event.key];
    if (!step) return;
    event.preventDefault();
    all[all.indexOf(document.activeElement) + step]?.focus();
  });
  show();
  search.focus();
}
