// Cache of messages by conversation, kept fresh by the change stream.

import { get } from "./api.js";
import { isMember, channelById, emit, store } from "./store.js";

const BATCH = 100;
const RELOAD_ABOVE = 6;
const logs = new Map();

/** The cache of a conversation: `list` is oldest first, `more` means older messages exist, `ephemerals` are this user's. */
export function conversationLog(id) {
  if (!logs.has(id)) logs.set(id, { list: [], more: false, ephemerals: [], loaded: false, threads: new Map() });
  return logs.get(id);
}

export const forgetMessages = () => logs.clear();

const withVersion = (message) => Object.defineProperty(message, "version", { value: JSON.stringify(message) });

/** Load the newest messages of a conversation; older messages already loaded are kept. */
export async function loadChannel(id, limit = BATCH) {
  const log = conversationLog(id);
  const who = store.me;
  const answer = await get(`/channels/${id}/messages?viewer=${who}&limit=${limit}`);
  if (who !== store.me) return;
  const oldest = answer.messages[0]?.ts;
  const older = log.loaded && answer.has_more ? log.list.filter((message) => message.ts < oldest) : [];
  log.list = [...older, ...answer.messages.map(withVersion)];
  if (!older.length) log.more = answer.has_more;
  log.ephemerals = answer.ephemerals.filter((message) => !message.deleted).map(withVersion);
  log.loaded = true;
  emit("timeline", id);
}

let loading = null;

/** Load the next batch of older messages. */
export function loadOlder(id) {
  const log = conversationLog(id);
  if (!log.more || loading) return loading;
  loading = (async () => {
    const before = log.list[0]?.ts;
    const answer = await get(`/channels/${id}/messages?viewer=${store.me}&limit=${BATCH}&before=${before}`);
    log.list = [...answer.messages.map(withVersion), ...log.list];
    log.more = answer.has_more;
    emit("timeline", id);
  })().finally(() => { loading = null; });
  return loading;
}

/** Load older messages until the one at `ts` is included. */
export async function loadBackTo(id, ts) {
  const log = conversationLog(id);
  while (log.loaded && log.more && !(log.list[0]?.ts <= ts)) await loadOlder(id);
}

export async function loadThread(id, ts) {
  try {
    const { messages } = await get(`/channels/${id}/threads/${ts}`);
    const thread = messages.map((message) => withVersion({ ...message, channel: id }));
    conversationLog(id).threads.set(ts, thread);
    replace(id, thread[0]);
    return thread;
  } catch (problem) {
    if (problem.status !== 404) throw problem;
    conversationLog(id).threads.delete(ts);
    return [];
  } finally {
    emit("threadlog", { channel: id, ts });
  }
}

const isReply = (message) => message.thread_ts && message.thread_ts !== message.ts;

function replace(id, message) {
  const log = conversationLog(id);
  if (!log.loaded || (isReply(message) && message.subtype !== "thread_broadcast")) return;
  const index = log.list.findIndex((other) => other.ts >= message.ts);
  const fresh = withVersion({ ...message });
  if (index >= 0 && log.list[index].ts === message.ts) log.list[index] = fresh;
  else if (index >= 0 && (index > 0 || !log.more)) log.list.splice(index, 0, fresh);
  else if (index < 0) log.list.push(fresh);
  emit("timeline", id);
}

const dirty = new Map();
let timer = null;

/** Note that a message changed and fetch it soon; many changes at once reload the conversation. */
export function markChanged(id, ts) {
  const channel = channelById(id);
  if (channel && channel.kind !== "channel" && !isMember(channel)) return;
  if (!conversationLog(id).loaded && store.thread?.channel !== id) return;
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
      if (all.size > RELOAD_ABOVE) {
        await loadChannel(id, Math.max(BATCH, all.size + 20));
        if (store.thread?.channel === id) await loadThread(id, store.thread.ts);
      } else await Promise.all([...all].map((ts) => refreshMessage(id, ts)));
    } catch (problem) {
      console.warn("could not refresh", id, problem.message);
    }
  }
}

async function refreshMessage(id, ts) {
  const messages = await loadThread(id, ts);
  const message = messages[0];
  if (!message) {
    const log = conversationLog(id);
    log.list = log.list.filter((other) => other.ts !== ts);
    const parent = [...log.threads].find(([, replies]) => replies.some((reply) => reply.ts === ts))?.[0];
    if (parent && parent !== ts) await loadThread(id, parent);
    emit("timeline", id);
  } else if (isReply(message)) await loadThread(id, message.thread_ts);
}

/** Fetch this user's ephemeral messages of a conversation. */
export async function refreshEphemerals(id) {
  if (!conversationLog(id).loaded) return;
  const { ephemerals } = await get(`/people/${store.me}/ephemerals?channel=${id}`);
  conversationLog(id).ephemerals = ephemerals.filter((message) => !message.deleted && !dismissed.has(message.id)).map(withVersion);
  emit("timeline", id);
  if (store.thread?.channel === id) emit("threadlog", store.thread);
}

const dismissed = new Set();

export function dismiss(message) {
  dismissed.add(message.id);
  const log = conversationLog(message.channel);
  log.ephemerals = log.ephemerals.filter((other) => other.id !== message.id);
  emit("timeline", message.channel);
  emit("threadlog", { channel: message.channel, ts: message.thread_ts });
}

/** The messages of a conversation with this user's ephemeral ones among them, oldest first. */
export function visibleMessages(id) {
  const log = conversationLog(id);
  const oldestShown = log.more ? log.list[0]?.ts ?? "" : "";
  const ephemerals = log.ephemerals.filter((message) => !message.thread_ts && message.ts >= oldestShown && !dismissed.has(message.id));
  if (!ephemerals.length) return log.list;
  return [...log.list, ...ephemerals].sort((a, b) => (a.ts < b.ts ? -1 : 1));
}

export function visibleThread(id, ts) {
  const log = conversationLog(id);
  const ephemerals = log.ephemerals.filter((message) => message.thread_ts === ts && !dismissed.has(message.id));
  const [parent, ...replies] = log.threads.get(ts) ?? [];
  if (!parent) return [];
  return [parent, ...[...replies, ...ephemerals].sort((a, b) => (a.ts < b.ts ? -1 : 1))];
}
