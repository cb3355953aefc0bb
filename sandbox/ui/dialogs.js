// Modal dialogs: confirmations and small forms. The browser traps the focus inside and restores it afterwards.

import { button, el, uid } from "./dom.js";
import { icon } from "./icons.js";

/** Open a dialog. Returns `{node, close}`. */
export function dialog({ title, body, foot, onclose, wide = false, onescape }) {
  const id = uid("title");
  const before = document.activeElement;
  const close = () => node.close();
  const node = el(
    "dialog",
    { class: `dialog${wide ? " wide" : ""}`, "aria-labelledby": id },
    el(
      "header",
      {},
      el("h2", { id }, title),
      button(icon("close"), () => (onescape ? onescape() : close()), { class: "icon close", "aria-label": "Close" }),
    ),
    el("div", { class: "body" }, body),
    foot && el("footer", {}, foot),
  );
  node.addEventListener("cancel", (event) => {
    if (!onescape) return;
    event.preventDefault();
    onescape();
  });
  node.addEventListener("close", () => {
    node.remove();
    onclose?.();
    if (before?.isConnected && document.activeElement === document.body) before.focus({ preventScroll: true });
  });
  document.body.append(node);
  node.showModal();
  return { node, close };
}

/** Ask for a confirmation. Resolves to true if the user confirmed. */
export function ask({ title = "Are you sure?", body, confirm = "Yes", deny = "Cancel", danger = false }) {
  return new Promise((resolve) => {
    let agreed = false;
    const yes = button(confirm, () => { agreed = true; opened.close(); }, { class: danger ? "solid danger" : "solid" });
    const no = button(deny, () => opened.close(), { class: "outline" });
    const opened = dialog({ title, body, foot: [no, yes], onclose: () => resolve(agreed) });
    yes.focus();
  });
}

/** Ask for a line of text, or with `long` for several. Resolves to the text, or `null` if cancelled. */
export function prompt({ title, label, value = "", action = "Save", long = false, hint }) {
  return new Promise((resolve) => {
    let entered = null;
    const id = uid("field");
    const field = el(long ? "textarea" : "input", { id, class: "field", value, rows: long ? 4 : undefined });
    const done = () => { entered = field.value; opened.close(); };
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !long) { event.preventDefault(); done(); }
    });
    const opened = dialog({
      title,
      body: [el("label", { for: id }, label), field, hint && el("p", { class: "hint" }, hint)],
      foot: [button("Cancel", () => opened.close(), { class: "outline" }), button(action, done, { class: "solid" })],
      onclose: () => resolve(entered),
    });
    field.focus();
    field.select();
  });
}
