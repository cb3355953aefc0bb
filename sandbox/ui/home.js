// The app's home tab, as published for this tab's user.

import { act, mine } from "./api.js";
import { el, fill, focusWithin, refocus } from "./dom.js";
import { blocks } from "./blocks.js";
import { emit, store } from "./store.js";

/** Fetch the published home tab; unless `quiet`, also open it, which sends `app_home_opened`. */
export async function refreshHome({ quiet = false } = {}) {
  const answer = quiet ? await mine("home") : await act("open_home", { tab: "home" });
  store.home = answer.view;
  emit("home");
}

export function drawHome(node) {
  const view = store.home;
  const version = view ? `${view.id} ${view.hash}` : "";
  if (node.dataset.version === version && node.childElementCount) return;
  node.dataset.version = version;
  const focused = focusWithin(node);
  if (!view) fill(node, el("div", { class: "nothing" }, `${store.app.name} has published nothing here yet.`));
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
