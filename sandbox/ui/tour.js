// The caption of the demo's tour: says what happens, and opens the conversation in which it happens as the person who types.

import { el, fill } from "./dom.js";
import { openChannel } from "./navigation.js";
import { emit, store } from "./store.js";

export const tourBanner = el("div", { class: "tour", role: "status", hidden: true });

/** Show an entry `tour` of the change stream; one without words ends the tour. */
export function showTour({ text, typed, channel, who }) {
  tourBanner.hidden = !text;
  fill(tourBanner, text, typed && el("code", {}, `$ ${typed}`));
  if (text && store.me !== who) emit("become", who);
  if (text && store.channelId !== channel) openChannel(channel);
}
