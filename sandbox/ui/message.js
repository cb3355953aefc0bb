// One message as a row: who, when, what, and what hangs on it.

import { button, el } from "./dom.js";
import { act } from "./api.js";
import { author, avatar } from "./avatars.js";
import { blocks } from "./blocks.js";
import { foldable, IN_BLOCK, IN_MESSAGE } from "./folding.js";
import { icon } from "./icons.js";
import { mrkdwn } from "./mrkdwn.js";
import { clock, whole } from "./times.js";
import { emoji } from "./emoji.js";
import { fullName, isApp, person, shownName, world } from "./store.js";
import { openThread } from "./navigation.js";
import { dismiss } from "./messages.js";
import { attend } from "./message_toolbar.js";
import { reactions } from "./reactions.js";

/** Whether a message is only a line about the channel. */
export const isQuiet = (message) => /^(channel|group)_/.test(message.subtype ?? "") || message.subtype === "bot_add";

export const keyOf = (message) => (message.viewer ? message.id : message.ts);

/** The row. `follows`: the same author goes on. `inThread`: shown in the thread's pane. */
export function row(message, { follows = false, inThread = false } = {}) {
  const who = author(message);
  const pinned = message.pinned_to?.length > 0;
  const node = el(
    "div",
    {
      class: ["message", follows && "follows", message.viewer && "private", pinned && "pinned"].filter(Boolean).join(" "),
      role: "article", tabIndex: -1, "aria-label": `${who.name}, ${clock(message.ts)}`, data: { ts: message.ts, id: keyOf(message) },
    },
    pinned && el("div", { class: "mark" }, icon("pin"), "Pinned"),
    message.viewer && el("div", { class: "mark" }, icon("eye"), "Only visible to you", button("Dismiss", () => dismiss(message), { class: "plain", data: { key: "dismiss" } })),
    message.subtype === "thread_broadcast" && !inThread && el("div", { class: "mark" }, button("replied to a thread", () => openThread(message.channel, message.thread_ts), { class: "plain" })),
    el("div", { class: "gutter" }, follows ? el("time", { title: whole(message.ts) }, clock(message.ts)) : avatar(who.id)),
    el(
      "div",
      { class: "content" },
      !follows && head(message, who),
      words(message),
      attachments(message),
      files(message),
      reactions(message),
      !inThread && replies(message),
    ),
  );
  if (!message.viewer) attend(node, message, { inThread });
  return node;
}

const head = (message, who) =>
  el(
    "div",
    { class: "head" },
    el("span", { class: "author" }, who.name),
    who.app && el("span", { class: "badge" }, "APP"),
    el("time", { title: whole(message.ts) }, clock(message.ts)),
  );

function words(message) {
  const edited = message.edited && el("span", { class: "edited" }, "(edited)");
  const surface = surfaceOf(message);
  if (message.subtype === "me_message") return el("div", { class: "text me", dir: "auto" }, mrkdwn(message.text));
  // A person's own words are shown as Slack's composer would have understood them: *bold* is bold.
  const typed = message.client_msg_id || !message.blocks?.length;
  if (!typed) return [blocks(message.blocks, surface), edited];
  if (!message.text) return edited;
  const text = el("div", { class: `text${isBig(message.text) ? " big" : ""}`, dir: "auto" }, mrkdwn(message.text), edited);
  return foldable(text, { key: `${message.channel} ${keyOf(message)}`, lines: IN_MESSAGE });
}

const isBig = (text) => /^(:[a-z0-9_+-]+:\s*){1,3}$/.test(text) && [...text.matchAll(/:([a-z0-9_+-]+):/g)].every(([, name]) => emoji(name));

function attachments(message) {
  return (message.attachments ?? []).map((one, index) => {
    const node = el(
      "div",
      { class: "attachment" },
      one.pretext && el("div", { dir: "auto" }, mrkdwn(one.pretext)),
      one.title && el("strong", {}, mrkdwn(one.title)),
      one.blocks ? blocks(one.blocks, surfaceOf(message)) : foldable(el("div", { dir: "auto" }, mrkdwn(one.text ?? one.fallback)), { key: `${keyOf(message)} ${index}`, lines: IN_BLOCK }),
      one.fields && el("div", { class: "fields" }, one.fields.map((part) => el("div", {}, el("strong", {}, part.title), el("br"), mrkdwn(part.value)))),
      one.footer && el("small", {}, one.footer),
    );
    if (/^#?[0-9a-f]{6}$/i.test(one.color ?? "")) node.style.borderColor = `#${one.color.replace("#", "")}`;
    return node;
  });
}

function files(message) {
  return (message.files ?? []).map((file) =>
    el(
      "a",
      { class: "file", href: new URL(file.url_private_download).pathname, download: file.name, rel: "noopener" },
      icon("file"),
      el("span", {}, el("strong", {}, file.name), el("small", {}, `${file.pretty_type} · ${size(file.size)}`)),
    ),
  );
}

const size = (bytes) => (bytes < 1024 ? `${bytes} bytes` : bytes < 1048576 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1048576).toFixed(1)} MB`);

function replies(message) {
  if (!message.reply_count) return null;
  const count = `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`;
  return button(
    [message.reply_users.map((id) => avatar(id, "tiny")), el("strong", {}, count), el("span", {}, `Last reply at ${clock(message.latest_reply)}`)],
    () => openThread(message.channel, message.ts),
    { class: "replies", "aria-label": `${count}, open thread`, data: { key: "replies" } },
  );
}

/** Where a message's buttons send what is pressed. */
export function surfaceOf(message) {
  const place = message.viewer ? { ephemeral: message.id } : { channel: message.channel, ts: message.ts };
  const chosen = new Map();
  return {
    fold: keyOf(message),
    keep: (key, value) => chosen.set(key, value),
    value: (key) => chosen.get(key),
    press: (key, option) => act("press", { ...place, name: key, option }),
    suggest: async () => [],
  };
}

/** Joins and the like, one line for several. */
export function quietRow(messages) {
  const [first] = messages;
  const joined = messages.filter((one) => /_join$/.test(one.subtype));
  const line =
    joined.length === messages.length
      ? [listed(joined.map((one) => nameOf(one.user))), " joined"]
      : [isApp(first.user) || person(first.user) ? el("b", {}, nameOf(first.user)) : "", " ", mrkdwn(first.text.replace(/^<@[UW][A-Z0-9]+(\|[^>]*)?>\s*/, ""))];
  return el(
    "div",
    { class: "message quiet", role: "article", tabIndex: -1, "aria-label": `Notice, ${clock(first.ts)}`, data: { ts: first.ts, id: first.ts } },
    el("div", { class: "gutter" }, avatar(first.user, "tiny")),
    el("div", { class: "content", dir: "auto" }, line, " ", el("time", { title: whole(first.ts) }, clock(first.ts))),
  );
}

const nameOf = (id) => shownName(person(id));

function listed(names) {
  const short = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} others`] : names;
  return short.flatMap((name, index) => [index ? (index === short.length - 1 ? " and " : ", ") : "", el("b", {}, name)]);
}
