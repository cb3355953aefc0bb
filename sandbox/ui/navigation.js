// Where one is: the conversation, the thread beside it, the message that is pointed at. Kept in the address.

import { channel, tell, world } from "./store.js";

let pointed = null;

/** Go to a conversation; with `ts` to a message in it. A reply is shown in its `thread`, beside the message it hangs on. */
export function go(id, ts, thread) {
  if (!channel(id)) return;
  const moved = world.place !== id;
  world.place = id;
  world.tab = ts || world.unread[id] ? "messages" : "home";
  const reply = thread && thread !== ts;
  pointed = (reply ? thread : ts) ?? null;
  if (reply) world.thread = { channel: id, ts: thread, at: ts };
  else if (moved) world.thread = null;
  remember();
  document.body.classList.remove("drawer");
  tell("place", { moved });
  tell("thread", {});
}

export function openThread(id, ts, { focus = true } = {}) {
  world.thread = { channel: id, ts };
  tell("thread", { focus });
}

export function closeThread() {
  world.thread = null;
  tell("thread", {});
}

/** The message one came for; asked once. */
export function pointedAt() {
  const ts = pointed;
  pointed = null;
  return ts;
}

export function remember() {
  const address = new URL(location.href);
  const user = world.people.get(world.me);
  if (user) address.searchParams.set("as", user.name);
  const where = channel(world.place);
  if (where) address.searchParams.set("in", where.kind === "im" ? where.id : where.name);
  history.replaceState(null, "", address);
  if (user) sessionStorage.setItem("as", user.name);
}
