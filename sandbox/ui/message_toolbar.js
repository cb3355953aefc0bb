// The toolbar on the message under the pointer, and its menu.

import { act } from "./api.js";
import { button, el, notice } from "./dom.js";
import { emoji, emojiNames, QUICK } from "./emoji.js";
import { icon } from "./icons.js";
import { ask, prompt } from "./dialogs.js";
import { menu, popup } from "./popup.js";
import { react } from "./reactions.js";
import { currentUser, emit, store } from "./store.js";
import { openThread } from "./navigation.js";

const bar = el("div", { class: "tools", role: "toolbar", "aria-label": "Message actions" });

/** Show the toolbar when a row is hovered, touched or focused. */
export function attachToolbar(node, message, { inThread }) {
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
  const hasReacted = (name) => message.reactions?.some((reaction) => reaction.name === name && reaction.users.includes(store.me));
  const more = button(icon("more"), () => menu(more, menuEntries(message, inThread), "Message actions"), {
    "aria-label": "More actions", title: "More actions", "aria-haspopup": "menu", "aria-expanded": "false", data: { key: "more" },
  });
  bar.replaceChildren(
    ...QUICK.map((name) => button(emoji(name), () => react(message, name, hasReacted(name)), { class: "quick", "aria-label": `React with ${name.replaceAll("_", " ")}`, title: `:${name}:` })),
    button(icon("smile"), (event) => chooseEmoji(event.currentTarget, (name) => react(message, name, hasReacted(name))), { "aria-label": "Add reaction", title: "Add reaction" }),
    ...(inThread ? [] : [button(icon("thread"), () => openThread(message.channel, message.thread_ts ?? message.ts), { "aria-label": "Reply in thread", title: "Reply in thread" })]),
    more,
  );
}

function menuEntries(message, inThread) {
  const target = { channel: message.channel, ts: message.ts };
  const mine = message.user === store.me;
  const pinned = message.pinned_to?.length > 0;
  const items = [
    { label: "Add reaction…", run: () => chooseEmoji(rowOf(message), (name) => react(message, name)) },
    !inThread && { label: "Reply in thread", run: () => openThread(message.channel, message.thread_ts ?? message.ts) },
    { label: pinned ? "Unpin from channel" : "Pin to channel", run: () => actOrNotify(pinned ? "unpin" : "pin", target) },
    mine && { label: "Edit message", run: () => edit(message) },
    (mine || currentUser().is_admin) && { label: "Delete message…", danger: true, run: () => remove(message) },
    "-",
    ...shortcuts().map((reaction) => ({ label: reaction.name, hint: store.app.name, run: () => use(reaction, target) })),
    "-",
    { label: "Show Block Kit and calls", hint: "Inspector", run: () => emit("inspect", { message }) },
  ];
  return items.filter(Boolean);
}

const shortcuts = () => store.app.shortcuts.filter((reaction) => reaction.kind === "message");
const rowOf = (message) => document.querySelector(`[data-ts="${message.ts}"]`) ?? document.body;

/** Perform an action. On failure show a notice and resolve to `null`. */
export async function actOrNotify(name, body) {
  try {
    return await act(name, body);
  } catch (problem) {
    notice(`That did not work: ${problem.message}`, "bad");
    return null;
  }
}

async function use(shortcut, target) {
  const reply = await actOrNotify("message_shortcut", { ...target, name: shortcut.callback_id });
  if (reply && !reply.ok) notice(`${store.app.name} did not answer (${reply.error}).`, "bad");
}

async function edit(message) {
  const unescaped = message.text.replace(/<@([UW][A-Z0-9]+)(?:\|[^>]*)?>/g, (whole, id) => `@${store.people.get(id)?.name ?? id}`)
    .replace(/<#([A-Z0-9]+)(?:\|[^>]*)?>/g, (whole, id) => `#${store.channels.get(id)?.name ?? id}`)
    .replace(/<!(here|channel|everyone)>/g, "@$1").replace(/<((?:https?|mailto):[^|>]+)(?:\|[^>]*)?>/g, "$1")
    .replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
  const text = await prompt({ title: "Edit message", label: "Message", value: unescaped, long: true });
  if (text !== null && text.trim() && text !== unescaped) await actOrNotify("edit", { channel: message.channel, ts: message.ts, text });
}

async function remove(message) {
  const agreed = await ask({ title: "Delete message", body: "This cannot be undone.", confirm: "Delete", danger: true });
  if (agreed) await actOrNotify("delete", { channel: message.channel, ts: message.ts });
}

/** Open the emoji picker; `chosen(name)` is called with the choice. */
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
