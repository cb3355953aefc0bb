// State shared by all modules: people, channels, the current user and conversation. Modules subscribe to changes.

export const store = {
  team: {}, app: {}, seq: 0, offset: 0,
  people: new Map(), channels: new Map(), groups: new Map(), unread: {},
  speed: 1, clock: null, starting: false,
  me: null, channelId: null, thread: null, views: [], home: null,
};

const listeners = new Map();

/**
 * Subscribe to a kind of change: state, navigation, timeline, thread, views, home, unread, person.
 * Returns a function that ends the subscription.
 */
export function on(kind, listener) {
  if (!listeners.has(kind)) listeners.set(kind, new Set());
  listeners.get(kind).add(listener);
  return () => listeners.get(kind).delete(listener);
}

export function emit(kind, detail) {
  for (const listener of [...listeners.get(kind) ?? []]) listener(detail);
}

export const currentUser = () => store.people.get(store.me);
export const userById = (id) => store.people.get(id);
export const channelById = (id) => store.channels.get(id);
export const currentChannel = () => store.channels.get(store.channelId);

export const isPerson = (user) => !user.is_bot && !user.deleted;
export const isApp = (id) => id === store.app.bot?.id;
export const fullName = (user) => user?.real_name || user?.name || "unknown";
export const shownName = (user) => user?.profile?.display_name || user?.name || "unknown";

export const isMember = (channel, who = store.me) => channel.members.includes(who);
export const directPartner = (channel) => userById(channel.members.find((id) => id !== store.me) ?? store.me);

export function channelName(channel) {
  if (!channel) return "unknown channel";
  return channel.kind === "im" ? fullName(directPartner(channel)) : channel.name;
}

/** The user's channels, by name; an archived channel only while it is open. */
export function myChannels() {
  return [...store.channels.values()]
    .filter((c) => c.kind !== "im" && isMember(c) && (!c.is_archived || c.id === store.channelId))
    .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}

export const myDirects = () => [...store.channels.values()].filter((c) => c.kind === "im" && isMember(c));

/** Take over the state as `GET /state` returns it. */
export function loadState(state) {
  Object.assign(store, { team: state.team, app: state.app, seq: Math.max(store.seq, state.seq) });
  store.people = new Map(state.people.map((user) => [user.id, user]));
  store.channels = new Map(state.channels.map((channel) => [channel.id, channel]));
  store.groups = new Map(state.usergroups.map((group) => [group.id, group]));
  store.offset = state.now - Date.now() / 1000;
  store.starting = state.starting;
  store.speed = state.speed;
  store.statusPage = state.status_page;
  store.console = state.console;
}

/** The time in epoch seconds, by the bot's clock. */
export const now = () => botTime(Date.now() / 1000 + store.offset);

/**
 * What the bot's clock shows at a time of the workspace, such as a message's `ts`. With `--speed` it runs faster since it
 * was first started; `store.clock` is one reading of both, in seconds.
 */
export function botTime(seconds) {
  if (!store.clock || store.speed === 1) return Number(seconds);
  const { real_s: real, bot_s: bot } = store.clock;
  const start = (bot - store.speed * real) / (1 - store.speed);
  return seconds <= start ? Number(seconds) : start + (seconds - start) * store.speed;
}
