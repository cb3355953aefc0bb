// What the page knows: who is here, which channels there are, who I am, where I am. Others listen for changes.

export const world = {
  team: {}, app: {}, seq: 0, offset: 0,
  people: new Map(), channels: new Map(), groups: new Map(), unread: {},
  me: null, place: null, thread: null, views: [], home: null,
};

const listeners = new Map();

/** Call `listener` whenever something of this kind changed: state, place, timeline, thread, views, home, unread. */
export function on(kind, listener) {
  if (!listeners.has(kind)) listeners.set(kind, new Set());
  listeners.get(kind).add(listener);
}

export function tell(kind, detail) {
  for (const listener of listeners.get(kind) ?? []) listener(detail);
}

export const me = () => world.people.get(world.me);
export const person = (id) => world.people.get(id);
export const channel = (id) => world.channels.get(id);
export const here = () => world.channels.get(world.place);

export const isPerson = (user) => !user.is_bot && !user.deleted;
export const isApp = (id) => id === world.app.bot?.id;
export const fullName = (user) => user?.real_name || user?.name || "somebody";
export const shownName = (user) => user?.profile?.display_name || user?.name || "somebody";

export const isMember = (where, who = world.me) => where.members.includes(who);
export const partner = (where) => person(where.members.find((id) => id !== world.me) ?? world.me);

export function channelName(where) {
  if (!where) return "unknown channel";
  return where.kind === "im" ? fullName(partner(where)) : where.name;
}

/** The channels of the sidebar: those one is in, by name; archived ones only while one looks at them. */
export function myChannels() {
  return [...world.channels.values()]
    .filter((c) => c.kind !== "im" && isMember(c) && (!c.is_archived || c.id === world.place))
    .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
}

export const myDirects = () => [...world.channels.values()].filter((c) => c.kind === "im" && isMember(c));

/** The state as the sandbox gives it. */
export function take(state) {
  Object.assign(world, { team: state.team, app: state.app, seq: Math.max(world.seq, state.seq) });
  world.people = new Map(state.people.map((user) => [user.id, user]));
  world.channels = new Map(state.channels.map((one) => [one.id, one]));
  world.groups = new Map(state.usergroups.map((group) => [group.id, group]));
  world.offset = state.now - Date.now() / 1000;
}

/** The workspace's time, in seconds. */
export const now = () => Date.now() / 1000 + world.offset;
