// Links and the coloured names inside texts.

import { el } from "./dom.js";
import { icon } from "./icons.js";
import { channel, channelName, isMember, person, shownName, world } from "./store.js";
import { go } from "./navigation.js";

/** A link that leads somewhere harmless; anything else is the words it is. */
export function link(url, words) {
  const address = safe(url);
  if (!address) return el("span", {}, words || url);
  const inside = place(address);
  const props = { href: address, rel: "noopener noreferrer", target: "_blank" };
  if (inside) props.on = { click: (event) => { event.preventDefault(); go(...inside); } };
  return el("a", props, words || url.replace(/^mailto:/, ""));
}

export function safe(url) {
  try {
    const parsed = new URL(String(url));
    return ["http:", "https:", "mailto:"].includes(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

/** A permalink of this workspace is a place on this page. */
function place(address) {
  const found = /^https:\/\/[\w-]+\.slack\.com\/archives\/([A-Z0-9]+)(?:\/p(\d{10})(\d{6}))?(?:\?.*?thread_ts=([\d.]+))?/.exec(address);
  if (!found || !channel(found[1])) return null;
  return [found[1], found[2] ? `${found[2]}.${found[3]}` : undefined, found[4]];
}

export function userChip(id, label) {
  const user = person(id);
  const words = `@${user ? shownName(user) : label || id}`;
  return el("span", { class: id === world.me ? "mention me" : "mention" }, words);
}

export function groupChip(id, label) {
  const group = world.groups.get(id);
  const mine = group?.users?.includes(world.me);
  return el("span", { class: mine ? "mention me" : "mention" }, `@${group?.handle ?? label.replace(/^@/, "") ?? id}`);
}

export const broadcastChip = (range) => el("span", { class: "mention me" }, `@${range.split("|")[0]}`);

export function channelChip(id, label) {
  const where = channel(id);
  const hidden = where && where.kind !== "channel" && !isMember(where);
  if (!where || hidden) return el("span", { class: "mention" }, hidden ? [icon("lock"), " private channel"] : `#${label || id}`);
  return el("button", { type: "button", class: "mention link", on: { click: () => go(id) } }, `#${channelName(where)}`);
}
