// Everything on the page is built here. Words become text nodes; nothing is ever parsed as markup.

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "tabIndex", "open", "selected", "multiple", "readOnly"]);

/** An element: `class`, `on: {click}`, `data: {ts}`, properties by name, all else as attributes. */
export function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false && !PROPERTIES.has(name)) continue;
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

/** The node with these children and no others. */
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

/** A button that says what it does; `label` is for those who do not see its sign. */
export const button = (words, onclick, props = {}) =>
  el("button", { type: "button", ...props, on: { click: onclick, ...props.on } }, words);

/**
 * Make the children of `parent` those of `rows` ({key, sign, make}), keeping every node whose sign is the same, so that
 * what somebody points at or has focused stays. Gives whether anything changed.
 */
export function reconcile(parent, rows) {
  const before = parent.rows ?? new Map();
  const after = new Map();
  const wanted = new Set(rows.map((row) => row.key));
  let changed = before.size !== rows.length;
  for (const [key, { node }] of before) if (!wanted.has(key)) node.remove();
  let cursor = parent.firstChild;
  for (const { key, sign, make } of rows) {
    let node = before.get(key)?.node;
    if (!node || before.get(key).sign !== sign) {
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
    after.set(key, { node, sign });
    if (node === cursor) cursor = cursor.nextSibling;
    else parent.insertBefore(node, cursor);
  }
  parent.rows = after;
  return changed;
}

/** Which control inside `node` has the focus: its `data-key`, or "" for the node itself; `null` for none. */
export function focusWithin(node) {
  const active = document.activeElement;
  if (!active || !node.contains(active)) return null;
  return active.closest("[data-key]")?.dataset.key ?? "";
}

export function refocus(node, key) {
  if (key === null) return;
  const same = key && [...node.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key);
  (same || node).focus({ preventScroll: true });
}

/** Words for a moment at the bottom of the page. */
export function notice(words, kind = "info") {
  const line = el("div", { class: `notice ${kind}` }, words);
  document.getElementById("notices").append(line);
  setTimeout(() => line.remove(), kind === "bad" ? 6000 : 3000);
}

let serial = 0;
export const uid = (prefix = "x") => `${prefix}-${++serial}`;
