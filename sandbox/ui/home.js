// The app's home tab, as it is published for the person of this tab.

import { act, mine } from "./api.js";
import { el, fill, focusWithin, refocus } from "./dom.js";
import { blocks } from "./blocks.js";
import { tell, world } from "./store.js";

/** Open the tab (the app hears of it) and look at what is published. */
export async function lookAtHome({ quiet = false } = {}) {
  const answer = quiet ? await mine("home") : await act("open_home", { tab: "home" });
  world.home = answer.view;
  tell("home");
}

export function drawHome(node) {
  const view = world.home;
  const sign = view ? `${view.id} ${view.hash}` : "";
  if (node.dataset.sign === sign && node.childElementCount) return;
  node.dataset.sign = sign;
  const focused = focusWithin(node);
  if (!view) fill(node, el("div", { class: "nothing" }, `${world.app.name} has put nothing here yet.`));
  else fill(node, blocks(view.blocks, surfaceOf(view)));
  if (focused) refocus(node, focused);
}

function surfaceOf(view) {
  return {
    keep: (key, value) => act("fill", { view: view.id, values: { [key]: value } }),
    press: (key, option) => act("press", { view: view.id, name: key, option }),
    suggest: async (key, query) => (await act("suggestions", { view: view.id, name: key, query })).options,
  };
}
