// The open conversation, its open thread and the message to highlight. The address bar reflects them.

import { channelById, emit, store } from "./store.js";

let targetTs = null;

/** Open a conversation, with `ts` at a message. For a reply, also open its `thread`. */
export function openChannel(id, ts, thread) {
  if (!channelById(id)) return;
  const moved = store.channelId !== id;
  store.channelId = id;
  store.tab = ts || store.unread[id] ? "messages" : "home";
  const reply = thread && thread !== ts;
  targetTs = (reply ? thread : ts) ?? null;
  if (reply) store.thread = { channel: id, ts: thread, replyTs: ts };
  else if (moved) store.thread = null;
  rememberInAddress();
  document.body.classList.remove("drawer");
  emit("navigation", { moved });
  emit("thread", {});
}

export function openThread(id, ts, { focus = true } = {}) {
  store.thread = { channel: id, ts };
  emit("thread", { focus });
}

export function closeThread() {
  store.thread = null;
  emit("thread", {});
}

/** Return the message to highlight, once; `null` afterwards. */
export function takeTargetTs() {
  const ts = targetTs;
  targetTs = null;
  return ts;
}

export function rememberInAddress() {
  const address = new URL(location.href);
  const user = store.people.get(store.me);
  if (user) address.searchParams.set("as", user.name);
  const channel = channelById(store.channelId);
  if (channel) address.searchParams.set("in", channel.kind === "im" ? channel.id : channel.name);
  history.replaceState(null, "", address);
  if (user) sessionStorage.setItem("as", user.name);
}
