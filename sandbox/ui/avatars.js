// Avatars, and the author of a message.

import { el } from "./dom.js";
import { fullName, isApp, userById, store } from "./store.js";

const COLOURS = 8;

/** A square with the user's initials; the app has an icon. */
export function avatar(id, size = "") {
  if (isApp(id)) return el("img", { class: `avatar app ${size}`, src: "/ui/icon.svg", alt: "" });
  const user = userById(id);
  const name = fullName(user);
  const initials = name.split(/\s+/).slice(0, 2).map((part) => part[0]).join("").toUpperCase();
  const colour = Math.max(0, [...store.people.keys()].indexOf(id)) % COLOURS;
  return el("span", { class: `avatar colour-${colour} ${size}`, "aria-hidden": "true" }, initials);
}

/** The author of a message: `{id, name, app}`; `app` is true for bots. */
export function author(message) {
  if (message.from_slack) return { id: "USLACKBOT", name: "Slackbot", app: true };
  // Ephemeral messages (those with a `viewer`) come from the app.
  const user = message.viewer ? store.app.bot : userById(message.user);
  const id = message.user;
  const name = message.username || message.bot_profile?.name || fullName(user);
  return { id: user?.id ?? id, name, app: Boolean(message.bot_id || message.viewer || user?.is_bot) };
}
