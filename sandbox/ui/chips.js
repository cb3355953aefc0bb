// Links and mention chips inside text.

import { el } from "./dom.js";
import { icon } from "./icons.js";
import { channelById, channelName, isMember, on, userById, shownName, store } from "./store.js";
import { openChannel } from "./navigation.js";

/** A link, or plain text if the URL's scheme is not http, https or mailto. */
export function link(url, text) {
  const address = safeUrl(url);
  if (!address) return el("span", {}, text || url);
  const target = workspaceTarget(address);
  const props = { href: address, rel: "noopener noreferrer", target: "_blank" };
  if (target) props.on = { click: (event) => { event.preventDefault(); openChannel(...target); } };
  return el("a", props, text || url.replace(/^mailto:/, ""));
}

export function safeUrl(url) {
  try {
    const parsed = new URL(String(url));
    return ["http:", "https:", "mailto:"].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

/** The arguments for `openChannel` if `address` is a permalink of this workspace, else `null`. */
function workspaceTarget(address) {
  const match = /^https:\/\/[\w-]+\.slack\.com\/archives\/([A-Z0-9]+)(?:\/p(\d{10})(\d{6}))?(?:\?.*?thread_ts=([\d.]+))?/.exec(address);
  if (!match || !channelById(match[1])) return null;
  return [match[1], match[2] ? `${match[2]}.${match[3]}` : undefined, match[4]];
}

export function userChip(id, label) {
  const user = userById(id);
  const text = `@${user ? shownName(user) : label || id}`;
  return el("span", { class: id === store.me ? "mention me" : "mention" }, text);
}

export function groupChip(id, label) {
  const group = store.groups.get(id);
  const mine = group?.users?.includes(store.me);
  return el("span", { class: mine ? "mention me" : "mention" }, `@${group?.handle ?? label.replace(/^@/, "") ?? id}`);
}

export const broadcastChip = (range) => el("span", { class: "mention me" }, `@${range.split("|")[0]}`);

/** A channel that was created just now: the message about it may come before the channel does. */
function nameLater(id, label) {
  const chip = el("span", { class: "mention" }, `#${label || "…"}`);
  const stop = on("state", () => {
    if (!channelById(id)) return;
    stop();
    chip.replaceWith(channelChip(id, label));
  });
  return chip;
}

export function channelChip(id, label) {
  const channel = channelById(id);
  const hidden = channel && channel.kind !== "channel" && !isMember(channel);
  if (!channel) return nameLater(id, label);
  if (hidden) return el("span", { class: "mention" }, [icon("lock"), " private channel"]);
  return el("button", { type: "button", class: "mention link", on: { click: () => openChannel(id) } }, `#${channelName(channel)}`);
}
