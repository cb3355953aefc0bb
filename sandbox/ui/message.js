// Render one message: author, time, content, attachments, files, reactions and replies.

import { button, el } from "./dom.js";
import { act } from "./api.js";
import { author, avatar } from "./avatars.js";
import { blocks } from "./blocks.js";
import { foldable, IN_BLOCK, IN_MESSAGE } from "./folding.js";
import { icon } from "./icons.js";
import { mrkdwn } from "./mrkdwn.js";
import { timeOfDay, fullTime } from "./times.js";
import { emoji } from "./emoji.js";
import { botTime, isApp, userById, shownName } from "./store.js";
import { openThread } from "./navigation.js";
import { dismiss } from "./messages.js";
import { attachToolbar } from "./message_toolbar.js";
import { reactions } from "./reactions.js";

/** Whether a message is a notice about the channel, such as a join. */
export const isNotice = (message) => /^(channel|group)_/.test(message.subtype ?? "") || message.subtype === "bot_add";

export const messageKey = (message) => (message.viewer ? message.id : message.ts);

/** The row of a message. `follows`: the author is repeated and not shown. `inThread`: shown in the thread pane. */
export function messageRow(message, { follows = false, inThread = false } = {}) {
  const sender = author(message);
  const pinned = message.pinned_to?.length > 0;
  const node = el(
    "div",
    {
      class: ["message", follows && "follows", message.viewer && "private", pinned && "pinned"].filter(Boolean).join(" "),
      role: "article", tabIndex: -1, "aria-label": `${sender.name}, ${timeOfDay(botTime(message.ts))}`, data: { ts: message.ts, id: messageKey(message) },
    },
    pinned && el("div", { class: "mark" }, icon("pin"), "Pinned"),
    message.viewer && el("div", { class: "mark" }, icon("eye"), "Only visible to you", button("Dismiss", () => dismiss(message), { class: "plain", data: { key: "dismiss" } })),
    message.subtype === "thread_broadcast" && !inThread && el("div", { class: "mark" }, button("replied to a thread", () => openThread(message.channel, message.thread_ts), { class: "plain" })),
    el("div", { class: "gutter" }, follows ? el("time", { title: fullTime(botTime(message.ts)) }, timeOfDay(botTime(message.ts))) : avatar(sender.id)),
    el(
      "div",
      { class: "content" },
      !follows && head(message, sender),
      messageText(message),
      attachments(message),
      files(message),
      reactions(message),
      !inThread && replies(message),
    ),
  );
  if (!message.viewer) attachToolbar(node, message, { inThread });
  return node;
}

const head = (message, sender) =>
  el(
    "div",
    { class: "head" },
    el("span", { class: "author" }, sender.name),
    sender.app && el("span", { class: "badge" }, "APP"),
    el("time", { title: fullTime(botTime(message.ts)) }, timeOfDay(botTime(message.ts))),
  );

function messageText(message) {
  const edited = message.edited && el("span", { class: "edited" }, "(edited)");
  const surface = surfaceOf(message);
  if (message.subtype === "me_message") return el("div", { class: "text me", dir: "auto" }, mrkdwn(message.text));
  // Show what a person typed as Slack's composer would have formatted it: *bold* is bold.
  const typed = message.client_msg_id || !message.blocks?.length;
  if (!typed) return [blocks(message.blocks, surface), edited];
  if (!message.text) return edited;
  const text = el("div", { class: `text${isBig(message.text) ? " big" : ""}`, dir: "auto" }, mrkdwn(message.text), edited);
  return foldable(text, { key: `${message.channel} ${messageKey(message)}`, lines: IN_MESSAGE });
}

const isBig = (text) => /^(:[a-z0-9_+-]+:\s*){1,3}$/.test(text) && [...text.matchAll(/:([a-z0-9_+-]+):/g)].every(([, name]) => emoji(name));

function attachments(message) {
  return (message.attachments ?? []).map((attachment, index) => {
    const node = el(
      "div",
      { class: "attachment" },
      attachment.pretext && el("div", { dir: "auto" }, mrkdwn(attachment.pretext)),
      attachment.title && el("strong", {}, mrkdwn(attachment.title)),
      attachment.blocks ? blocks(attachment.blocks, surfaceOf(message)) : foldable(el("div", { dir: "auto" }, mrkdwn(attachment.text ?? attachment.fallback)), { key: `${messageKey(message)} ${index}`, lines: IN_BLOCK }),
      attachment.fields && el("div", { class: "fields" }, attachment.fields.map((part) => el("div", {}, el("strong", {}, part.title), el("br"), mrkdwn(part.value)))),
      attachment.footer && el("small", {}, attachment.footer),
    );
    if (/^#?[0-9a-f]{6}$/i.test(attachment.color ?? "")) node.style.borderColor = `#${attachment.color.replace("#", "")}`;
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
    [message.reply_users.map((id) => avatar(id, "tiny")), el("strong", {}, count), el("span", {}, `Last reply at ${timeOfDay(botTime(message.latest_reply))}`)],
    () => openThread(message.channel, message.ts),
    { class: "replies", "aria-label": `${count}, open thread`, data: { key: "replies" } },
  );
}

/** The surface of a message's blocks: where presses and values go. */
export function surfaceOf(message) {
  const target = message.viewer ? { ephemeral: message.id } : { channel: message.channel, ts: message.ts };
  const chosen = new Map();
  return {
    fold: messageKey(message),
    keep: (key, value) => chosen.set(key, value),
    value: (key) => chosen.get(key),
    press: (key, option) => act("press", { ...target, name: key, option }),
    suggest: async () => [],
  };
}

/** One line for one or more notices, such as joins. */
export function noticeRow(messages) {
  const [first] = messages;
  const joined = messages.filter((attachment) => /_join$/.test(attachment.subtype));
  const line =
    joined.length === messages.length
      ? [joinedNames(joined.map((attachment) => nameOf(attachment.user))), " joined"]
      : [isApp(first.user) || userById(first.user) ? el("b", {}, nameOf(first.user)) : "", " ", mrkdwn(first.text.replace(/^<@[UW][A-Z0-9]+(\|[^>]*)?>\s*/, ""))];
  return el(
    "div",
    { class: "message quiet", role: "article", tabIndex: -1, "aria-label": `Notice, ${timeOfDay(botTime(first.ts))}`, data: { ts: first.ts, id: first.ts } },
    el("div", { class: "gutter" }, avatar(first.user, "tiny")),
    el("div", { class: "content", dir: "auto" }, line, " ", el("time", { title: fullTime(botTime(first.ts)) }, timeOfDay(botTime(first.ts)))),
  );
}

const nameOf = (id) => shownName(userById(id));

function joinedNames(names) {
  const short = names.length > 4 ? [...names.slice(0, 3), `${names.length - 3} others`] : names;
  return short.flatMap((name, index) => [index ? (index === short.length - 1 ? " and " : ", ") : "", el("b", {}, name)]);
}
