// Reactions under a message, and adding and removing them.

import { act } from "./api.js";
import { button, el, notice } from "./dom.js";
import { emoji } from "./emoji.js";
import { fullName, userById, store } from "./store.js";

/** The row of reaction buttons, or `null` if the message has none. */
export function reactions(message) {
  const list = message.reactions ?? [];
  if (!list.length) return null;
  return el(
    "div",
    { class: "reactions" },
    list.map(({ name, users }) => {
      const mine = users.includes(store.me);
      const by = users.map((id) => fullName(userById(id))).join(", ");
      return button(
        [el("span", { class: "emoji" }, emoji(name) ?? `:${name}:`), " ", String(users.length)],
        () => react(message, name, mine),
        { class: mine ? "reaction mine" : "reaction", "aria-pressed": String(mine), "aria-label": `${name.replaceAll("_", " ")}: ${by}`, title: `${by} reacted with :${name}:`, data: { key: `reaction ${name}` } },
      );
    }),
  );
}

/** Add a reaction, or remove it if `has`. */
export async function react(message, name, has) {
  try {
    await act(has ? "unreact" : "react", { channel: message.channel, ts: message.ts, name });
  } catch (problem) {
    if (problem.message !== "already_reacted") notice(`No reaction: ${problem.message}`, "bad");
  }
}
