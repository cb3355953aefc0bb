// The caption of the demo's tour: says what happens next, and opens the conversation in which it happens.

import { el } from "./dom.js";
import { openChannel } from "./navigation.js";
import { store } from "./store.js";

export const tourBanner = el("div", { class: "tour", role: "status", hidden: true });

/** Show an entry `tour` of the change stream; one without words ends the tour. */
export function showTour({ text, channel }) {
  tourBanner.hidden = !text;
  tourBanner.textContent = text;
  if (text && store.channelId !== channel) openChannel(channel);
}
