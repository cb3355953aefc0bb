// DOM helpers. All elements are built here: text becomes text nodes and is never parsed as markup.

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "tabIndex", "open", "selected", "multiple", "readOnly"]);

/** Create an element. `class`, `on: {click}`, `data: {ts}` and DOM properties by name; all else becomes an attribute. */
export function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || (value === false && !PROPERTIES.has(name))) continue;
    if (name === "class") node.className = value;
    else if (name === "on") for (const [kind, listener] of Object.entries(value)) node.addEventListener(kind, listener);
    else if (name === "data") Object.assign(node.dataset, value);
    else if (PROPERTIES.has(name)) node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  put(node, children);
  return node;
}

function put(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child);
  }
}

/** Replace the children of a node. */
export function fill(node, ...children) {
  node.replaceChildren();
  put(node, children);
  return node;
}

export const fragment = (...children) => {
  const made = document.createDocumentFragment();
  put(made, children);
  return made;
};

/** A button; give an icon-only button an `aria-label`. */
export const button = (label, onclick, props = {}) =>
  el("button", { type: "button", ...props, on: { click: onclick, ...props.on } }, label);

/**
 * Update the children of `parent` to match `rows` ({key, version, make}). A node whose version is unchanged is kept, so that
 * hover and focus survive. Returns true if anything changed.
 */
export function reconcile(parent, rows) {
  const before = parent.rows ?? new Map();
  const after = new Map();
  const wanted = new Set(rows.map((row) => row.key));
  let changed = before.size !== rows.length;
  for (const [key, { node }] of before) if (!wanted.has(key)) node.remove();
  let cursor = parent.firstChild;
  for (const { key, version, make } of rows) {
    let node = before.get(key)?.node;
    if (!node || before.get(key).version !== version) {
      changed = true;
      const fresh = make();
      if (node) {
        const focused = focusWithin(node);
        if (cursor === node) cursor = fresh;
        node.replaceWith(fresh);
        refocus(fresh, focused);
      }
      node = fresh;
    }
    after.set(key, { node, version });
    if (node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(node, cursor);
  }
  parent.rows = after;
  return changed;
}

/** The `data-key` of the focused control inside `node`; "" if it has none; `null` if the focus is elsewhere. */
export function focusWithin(node) {
  const active = document.activeElement;
  if (!active || !node.contains(active)) return null;
  return active.closest("[data-key]")?.dataset.key ?? "";
}

export function refocus(node, key) {
  if (key === null) return;
  const sameControl = key && [...node.querySelectorAll("[data-key]")].find((control) => control.dataset.key === key);
  (sameControl || node).focus({ preventScroll: true });
}

/** Show a notice at the bottom for a few seconds. */
export function notice(text, kind = "info") {
  const line = el("div", { class: `notice ${kind}` }, text);
  document.getElementById("notices").append(line);
  setTimeout(() => line.remove(), kind === "bad" ? 6000 : 3000);
}

let serial = 0;
export const uid = (prefix = "x") => `${prefix}-${++serial}`;
