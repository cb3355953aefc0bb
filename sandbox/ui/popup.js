// Popups and menus that open beside a control and close when the focus or a press goes elsewhere.

import { el } from "./dom.js";

let current = null;

/** Show `content` beside `anchor`. Returns `{box, close}`; `close(restore)` puts the focus back unless `restore` is false. */
export function popup(anchor, content, { label, width, onclose, role = "dialog" } = {}) {
  closePopup();
  const host = anchor.closest("dialog") ?? document.body;
  const box = el("div", { class: "popup", role, "aria-label": label, popover: "manual" }, content);
  host.append(box);
  box.showPopover();
  if (width) box.style.minWidth = `${width}px`;
  position(box, anchor);
  const opened = { box, anchor, onclose, close: (restore = true) => close(opened, restore) };
  current = opened;
  document.addEventListener("pointerdown", closeOnOutsidePress, true);
  window.addEventListener("resize", closeOnResize);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      opened.close();
    }
  });
  // Keep the focus on mousedown: losing it would close the box before the click arrives.
  box.addEventListener("mousedown", (event) => { if (!event.target.closest("input")) event.preventDefault(); });
  box.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !box.contains(event.relatedTarget) && event.relatedTarget !== anchor) opened.close(false);
  });
  return opened;
}

export function closePopup(restore = false) {
  current?.close(restore);
}

function close(opened, restore) {
  if (current !== opened) return;
  current = null;
  document.removeEventListener("pointerdown", closeOnOutsidePress, true);
  window.removeEventListener("resize", closeOnResize);
  opened.box.remove();
  opened.onclose?.();
  if (restore && opened.anchor.isConnected) opened.anchor.focus({ preventScroll: true });
}

function closeOnOutsidePress(event) {
  if (current && !current.box.contains(event.target) && !current.anchor.contains(event.target)) current.close(false);
}

const closeOnResize = () => closePopup();

/** Place the box below the anchor, or above if there is no room; always inside the window. */
export function position(box, anchor) {
  const around = anchor.getBoundingClientRect();
  const { width, height } = box.getBoundingClientRect();
  const below = innerHeight - around.bottom - 8;
  const top = below >= height || below >= around.top ? around.bottom + 4 : around.top - height - 4;
  const left = around.left + width + 8 > innerWidth ? around.right - width : around.left;
  box.style.top = `${Math.max(4, Math.min(top, innerHeight - height - 4))}px`;
  box.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 4))}px`;
}

/**
 * Open a menu of `items`: {label, hint, danger, run}, or "-" for a separator. Arrow keys move, letters jump.
 */
export function menu(anchor, items, label = "More") {
  const entries = items.map((item) =>
    item === "-"
      ? el("div", { role: "separator" })
      : el(
          "button",
          { type: "button", role: "menuitem", tabIndex: -1, class: item.danger ? "danger" : "", on: { click: () => choose(item) } },
          el("span", {}, item.label),
          item.hint && el("small", {}, item.hint),
        ),
  );
  const list = el("div", { class: "menu" }, entries);
  anchor.setAttribute("aria-expanded", "true");
  const opened = popup(anchor, list, { label, role: "menu", onclose: () => anchor.setAttribute("aria-expanded", "false") });
  const buttons = entries.filter((entry) => entry.getAttribute("role") === "menuitem");
  rove(list, () => buttons);
  buttons[0]?.focus();
  function choose(item) {
    opened.close();
    item.run();
  }
  return opened;
}

/** Let arrow keys, Home, End and letters move the focus among `nodes()` (a roving focus). */
export function rove(parent, nodes, { letters = true } = {}) {
  parent.addEventListener("keydown", (event) => {
    const all = nodes();
    const at = all.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    let next = null;
    if (step) next = all[(at + step + all.length) % all.length];
    else if (event.key === "Home") next = all[0];
    else if (event.key === "End") next = all.at(-1);
    else if (letters && event.key.length === 1 && /\S/.test(event.key) && !event.ctrlKey && !event.metaKey) {
      const turned = [...all.slice(at + 1), ...all.slice(0, at + 1)];
      next = turned.find((node) => node.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()));
    }
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
}
