// The stack of modals that the app has opened for this tab's user; the top one is visible.

import { act, mine } from "./api.js";
import { button, el, fill, focusWithin, fragment, refocus } from "./dom.js";
import { base64 } from "./composer.js";
import { blocks } from "./blocks.js";
import { dialog } from "./dialogs.js";
import { plain } from "./mrkdwn.js";
import { on, emit, store } from "./store.js";

let current = null; // {id, hash, errors, opened, entered}
const typedByView = new Map(); // entries not sent yet, by view

/** Fetch the open modals and show the top one. */
export async function refreshModals() {
  const who = store.me;
  const { views } = await mine("views");
  if (who !== store.me) return;
  store.views = views;
  draw(views.at(-1));
  emit("views");
}

function draw(view) {
  if (!view) {
    const closing = current;
    current = null;
    closing?.opened.close();
    return;
  }
  if (current?.id === view.id && current.hash === view.hash) {
    showErrors(view);
    return;
  }
  const parts = partsOf(view);
  if (current) {
    const same = current.id === view.id;
    const focused = focusWithin(current.opened.node);
    refill(current.opened.node, parts);
    Object.assign(current, { id: view.id, hash: view.hash });
    if (same) refocus(current.opened.node, focused);
    else focusFirst(current.opened.node);
  } else {
    const opened = dialog({ title: parts.title, body: parts.body, foot: parts.foot, wide: true, onescape: () => close() });
    opened.node.classList.add("view");
    current = { id: view.id, hash: view.hash, opened };
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
    body: [el("div", { class: "trouble", role: "alert", hidden: true }), blocks(view.blocks, surface), el("p", { class: "by" }, store.app.name, " · only you see this")],
    foot: [cancel, submit],
  };
}

function surfaceOf(view) {
  if (!typedByView.has(view.id)) typedByView.set(view.id, new Map());
  const typed = typedByView.get(view.id);
  return {
    enter: () => send(view),
    errors: view.errors,
    keep: (key, value) => typed.set(key, value),
    value: (key) => (typed.has(key) ? typed.get(key) : storedValue(view, key)),
    press: async (key, option) => {
      await flush(view.id, key);
      typed.delete(key);
      return act("press", { view: view.id, name: key, option });
    },
    suggest: async (key, query) => (await act("suggestions", { view: view.id, name: key, query })).options,
    upload: async (file) => (await act("upload", { name: file.name, base64: await base64(file) })).file,
  };
}

/** The value the sandbox holds for an element; `undefined` if it is still the app's initial value. */
function storedValue(view, key) {
  const at = key.indexOf("/");
  const value = view.state.values[key.slice(0, at)]?.[key.slice(at + 1)];
  if (!value) return undefined;
  return Object.entries(value).find(([name]) => name !== "type")?.[1] ?? undefined;
}

/** Send the unsent entries of a modal, except the element `but`, which is sent by its own action. */
async function flush(id, but) {
  const typed = typedByView.get(id);
  const values = Object.fromEntries([...typed].filter(([key]) => key !== but));
  if (!Object.keys(values).length) return;
  await act("fill", { view: id, values });
}

async function send(view) {
  const node = current?.opened.node;
  const submit = node?.querySelector(".submit");
  if (!submit || submit.getAttribute("aria-busy") === "true") return;
  submit.setAttribute("aria-busy", "true");
  try {
    await flush(view.id);
    await act("submit", { view: view.id });
    await refreshModals();
    node.querySelector(".input.bad [data-key]")?.focus();
  } catch (problem) {
    trouble(problem.message);
  }
  submit.removeAttribute("aria-busy");
}

async function close() {
  if (!current) return;
  try {
    await act("close", { view: current.id });
  } catch {
    // It was closed in another tab.
  }
  await refreshModals();
}

function showErrors(view) {
  const node = current.opened.node;
  for (const block of node.querySelectorAll(".input")) {
    const message = view.errors[block.dataset.block];
    const line = block.querySelector(".wrong");
    block.classList.toggle("bad", Boolean(message));
    line.hidden = !message;
    line.textContent = message ?? "";
    for (const control of block.querySelectorAll("input, textarea, .select")) {
      if (message) control.setAttribute("aria-invalid", "true");
      else control.removeAttribute("aria-invalid");
    }
  }
  trouble(view.trouble);
}

function trouble(message) {
  const line = current?.opened.node.querySelector(".trouble");
  if (!line) return;
  line.hidden = !message;
  line.textContent = message ?? "";
}

function focusFirst(node) {
  const first = node.querySelector(".body input:not([type=file]), .body textarea, .body .select, .body button.kit") ?? node.querySelector(".submit");
  first?.focus();
}

on("person", () => {
  current?.opened.close();
  current = null;
});
