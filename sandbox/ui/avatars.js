// Faces and names.

import { el } from "./dom.js";
import { fullName, isApp, person, world } from "./store.js";

const COLOURS = 8;

/** A square with initials; the app's is a bell. */
export function avatar(id, size = "") {
  if (isApp(id)) return el("img", { class: `avatar app ${size}`, src: "/ui/icon.svg", alt: "" });
  const user = person(id);
  const name = fullName(user);
  const initials = name.split(/\s+/).slice(0, 2).map((part) => part[0]).join("").toUpperCase();
  const colour = Math.max(0, [...world.people.keys()].indexOf(id)) % COLOURS;
  return el("span", { class: `avatar colour-${colour} ${size}`, "aria-hidden": "true" }, initials);
}

/** Who speaks in a message: `{id, name, isApp}`. */
export function author(message) {
  if (message.from_slack) return { id: "USLACKBOT", name: "Slackbot", app: true };
  // What only one person sees comes from the app.
  const user = message.viewer ? world.app.bot : person(message.user);
  const id = message.user;
  const name = message.username || message.bot_profile?.name || fullName(user);
  return { id: user?.id ?? id, name, app: Boolean(message.bot_id || message.viewer || user?.is_bot) };
}
