// The modals the app opens for the person of this tab: a stack, of which one sees the top.

import { act, mine } from "./api.js";
import { button, el, fill, focusWithin, fragment, refocus } from "./dom.js";
import { base64 } from "./composer.js";
import { blocks } from "./blocks.js";
import { dialog } from "./dialogs.js";
import { plain } from "./mrkdwn.js";
import { on, tell, world } from "./store.js";

let shown = null; // {id, hash, errors, opened, entered}
const entered = new Map(); // what was typed and not sent yet, by view

/** Look again at what is open. */
export async function lookAtViews() {
  const who = world.me;
  const { views } = await mine("views");
  if (who !== world.me) return;
  world.views = views;
  draw(views.at(-1));
  tell("views");
}

function draw(view) {
  if (!view) {
    const gone = shown;
    shown = null;
    gone?.opened.close();
    return;
  }
  if (shown?.id === view.id && shown.hash === view.hash) {
    showErrors(view);
    return;
  }
  const parts = partsOf(view);
  if (shown) {
    const same = shown.id === view.id;
    const focused = focusWithin(shown.opened.node);
    refill(shown.opened.node, parts);
    Object.assign(shown, { id: view.id, hash: view.hash });
    if (same) refocus(shown.opened.node, focused);
    else focusFirst(shown.opened.node);
  } else {
    const opened = dialog({ title: parts.title, body: parts.body, foot: parts.foot, wide: true, onescape: () => close() });
    opened.node.classList.add("view");
    shown = { id: view.id, hash: view.hash, opened };
    focusFirst(opened.node);
  }
  showErrors(view);
}

function refill(node, parts) {
  fill(node.querySelector("h2"), parts.title);
  fill(node.querySelector(".body"), parts.body);
  node.querySelector("footer")?.remove();
  if (parts.foot) node.append(el("footer", {}, parts.foot));
}

function partsOf(view) {
  const surface = surfaceOf(view);
  const submit = view.submit && button(plain(view.submit.text), () => send(view), { class: "solid submit", data: { key: "submit" } });
  const cancel = button(plain(view.close?.text ?? "Close"), () => close(), { class: "outline", data: { key: "close" } });
  return {
    title: fragment(plain(view.title.text)),
    body: [el("div", { class: "trouble", role: "alert", hidden: true }), blocks(view.blocks, surface), el("p", { class: "by" }, world.app.name, " · only you see this")],
    foot: [cancel, submit],
  };
}

function surfaceOf(view) {
  if (!entered.has(view.id)) entered.set(view.id, new Map());
  const typed = entered.get(view.id);
  return {
    enter: () => send(view),
    errors: view.errors,
    keep: (key, value) => typed.set(key, value),
    value: (key) => (typed.has(key) ? typed.get(key) : known(view, key)),
    press: async (key, option) => {
      await flush(view.id, key);
      typed.delete(key);
      return act("press", { view: view.id, name: key, option });
    },
    suggest: async (key, query) => (await act("suggestions", { view: view.id, name: key, query })).options,
    upload: async (file) => (await act("upload", { name: file.name, base64: await base64(file) })).file,
  };
}

/** What the sandbox holds for an element: `undefined` where it is what the app set. */
function known(view, key) {
  const at = key.indexOf("/");
  const value = view.state.values[key.slice(0, at)]?.[key.slice(at + 1)];
  if (!value) return undefined;
  return Object.entries(value).find(([name]) => name !== "type")?.[1] ?? undefined;
}

/** Hand over what was typed, all but the element that is about to be used. */
async function flush(id, but) {
  const typed = entered.get(id);
  const values = Object.fromEntries([...typed].filter(([key]) => key !== but));
  if (!Object.keys(values).length) return;
  await act("fill", { view: id, values });
}

async function send(view) {
  const node = shown?.opened.node;
  const submit = node?.querySelector(".submit");
  if (!submit || submit.getAttribute("aria-busy") === "true") return;
  submit.setAttribute("aria-busy", "true");
  try {
    await flush(view.id);
    await act("submit", { view: view.id });
    await lookAtViews();
    node.querySelector(".input.bad [data-key]")?.focus();
  } catch (problem) {
    trouble(problem.message);
  }
  submit.removeAttribute("aria-busy");
}

async function close() {
  if (!shown) return;
  try {
    await act("close", { view: shown.id });
  } catch {
    // Somebody closed it in another tab.
  }
  await lookAtViews();
}

function showErrors(view) {
  const node = shown.opened.node;
  for (const block of node.querySelectorAll(".input")) {
    const words = view.errors[block.dataset.block];
    const line = block.querySelector(".wrong");
    block.classList.toggle("bad", Boolean(words));
    line.hidden = !words;
    line.textContent = words ?? "";
    for (const control of block.querySelectorAll("input, textarea, .select")) {
      if (words) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    }
  }
  trouble(view.trouble);
}

function trouble(words) {
  const line = shown?.opened.node.querySelector(".trouble");
  if (!line) return;
  line.hidden = !words;
  line.textContent = words ?? "";
}

function focusFirst(node) {
  const first = node.querySelector(".body input:not([type=file]), .body textarea, .body .select, .body button.kit") ?? node.querySelector(".submit");
  first?.focus();
}

on("person", () => {
  shown?.opened.close();
  shown = null;
});
