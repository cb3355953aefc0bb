// The messages the page holds, by conversation, and how they are kept fresh.

import { get } from "./api.js";
import { isMember, channel, tell, world } from "./store.js";

const PAGE = 100;
const MANY = 6;
const logs = new Map();

/** What is known of a conversation: `list` oldest first, `more` where older ones are left, `private` what only I see. */
export function log(id) {
  if (!logs.has(id)) logs.set(id, { list: [], more: false, private: [], loaded: false, threads: new Map() });
  return logs.get(id);
}

export const forget = () => logs.clear();

const signed = (message) => Object.defineProperty(message, "sign", { value: JSON.stringify(message) });

/** Load the newest messages of a conversation, and keep the older ones that are here already. */
export async function load(id, limit = PAGE) {
  const kept = log(id);
  const who = world.me;
  const answer = await get(`/channels/${id}/messages?viewer=${who}&limit=${limit}`);
  if (who !== world.me) return;
  const oldest = answer.messages[0]?.ts;
  const older = kept.loaded && answer.has_more ? kept.list.filter((one) => one.ts < oldest) : [];
  kept.list = [...older, ...answer.messages.map(signed)];
  if (!older.length) kept.more = answer.has_more;
  kept.private = answer.ephemerals.filter((one) => !one.deleted).map(signed);
  kept.loaded = true;
  tell("timeline", id);
}

let loading = null;

/** Load one more page of older messages. */
export function older(id) {
  const kept = log(id);
  if (!kept.more || loading) return loading;
  loading = (async () => {
    const before = kept.list[0]?.ts;
    const answer = await get(`/channels/${id}/messages?viewer=${world.me}&limit=${PAGE}&before=${before}`);
    kept.list = [...answer.messages.map(signed), ...kept.list];
    kept.more = answer.has_more;
    tell("timeline", id);
  })().finally(() => { loading = null; });
  return loading;
}

/** Load back to a message, so that it can be shown. */
export async function reach(id, ts) {
  const kept = log(id);
  while (kept.loaded && kept.more && !(kept.list[0]?.ts <= ts)) await older(id);
}

export async function loadThread(id, ts) {
  try {
    const { messages } = await get(`/channels/${id}/threads/${ts}`);
    const shaped = messages.map((one) => signed({ ...one, channel: id }));
    log(id).threads.set(ts, shaped);
    replace(id, shaped[0]);
    return shaped;
  } catch (problem) {
    if (problem.status !== 404) throw problem;
    log(id).threads.delete(ts);
    return [];
  } finally {
    tell("threadlog", { channel: id, ts });
  }
}

const isReply = (one) => one.thread_ts && one.thread_ts !== one.ts;

function replace(id, message) {
  const kept = log(id);
  if (!kept.loaded || (isReply(message) && message.subtype !== "thread_broadcast")) return;
  const at = kept.list.findIndex((one) => one.ts >= message.ts);
  const fresh = signed({ ...message });
  if (at >= 0 && kept.list[at].ts === message.ts) kept.list[at] = fresh;
  else if (at >= 0 && (at > 0 || !kept.more)) kept.list.splice(at, 0, fresh);
  else if (at < 0) kept.list.push(fresh);
  tell("timeline", id);
}

const dirty = new Map();
let timer = null;

/** Something happened to a message: look at it again soon. Many at once are looked at together. */
export function changed(id, ts) {
  const where = channel(id);
  if (where && where.kind !== "channel" && !isMember(where)) return;
  if (!log(id).loaded && world.thread?.channel !== id) return;
  if (!dirty.has(id)) dirty.set(id, new Set());
  dirty.get(id).add(ts);
  timer ??= setTimeout(flush, 25);
}

async function flush() {
  timer = null;
  const work = [...dirty];
  dirty.clear();
  for (const [id, all] of work) {
    try {
      if (all.size > MANY) {
        await load(id, Math.max(PAGE, all.size + 20));
        if (world.thread?.channel === id) await loadThread(id, world.thread.ts);
      } else await Promise.all([...all].map((ts) => look(id, ts)));
    } catch (problem) {
      console.warn("could not look again", id, problem.message);
    }
  }
}

async function look(id, ts) {
  const messages = await loadThread(id, ts);
  const first = messages[0];
  if (!first) {
    const kept = log(id);
    kept.list = kept.list.filter((one) => one.ts !== ts);
    const parent = [...kept.threads].find(([, thread]) => thread.some((one) => one.ts === ts))?.[0];
    if (parent && parent !== ts) await loadThread(id, parent);
    tell("timeline", id);
  } else if (isReply(first)) await loadThread(id, first.thread_ts);
}

/** Look again at what only I see in a conversation. */
export async function lookPrivate(id) {
  if (!log(id).loaded) return;
  const { ephemerals } = await get(`/people/${world.me}/ephemerals?channel=${id}`);
  log(id).private = ephemerals.filter((one) => !one.deleted && !dismissed.has(one.id)).map(signed);
  tell("timeline", id);
  if (world.thread?.channel === id) tell("threadlog", world.thread);
}

const dismissed = new Set();

export function dismiss(one) {
  dismissed.add(one.id);
  const kept = log(one.channel);
  kept.private = kept.private.filter((other) => other.id !== one.id);
  tell("timeline", one.channel);
  tell("threadlog", { channel: one.channel, ts: one.thread_ts });
}

/** A conversation as it is shown: its messages and what only I see among them, oldest first. */
export function shown(id) {
  const kept = log(id);
  const first = kept.more ? kept.list[0]?.ts ?? "" : "";
  const mine = kept.private.filter((one) => !one.thread_ts && one.ts >= first && !dismissed.has(one.id));
  if (!mine.length) return kept.list;
  return [...kept.list, ...mine].sort((a, b) => (a.ts < b.ts ? -1 : 1));
}

export function shownThread(id, ts) {
  const kept = log(id);
  const mine = kept.private.filter((one) => one.thread_ts === ts && !dismissed.has(one.id));
  const [parent, ...replies] = kept.threads.get(ts) ?? [];
  if (!parent) return [];
  return [parent, ...[...replies, ...mine].sort((a, b) => (a.ts < b.ts ? -1 : 1))];
}
