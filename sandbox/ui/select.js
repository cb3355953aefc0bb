// Selects of Block Kit: a button that shows what is chosen, and a list that narrows as one types.

import { el, fill, uid } from "./dom.js";
import { place, popup } from "./popup.js";
import { withEmoji } from "./emoji.js";

/**
 * `load(query)` gives [{key, label, description, group}], at once or later. `chosen` is a list of such options.
 * `onchange(list)` hears of every choice. With `multi` several may be chosen, at most `most`.
 */
export function select({ load, chosen = [], multi = false, most, placeholder, label, onchange, key, clearable = multi }) {
  let now = [...chosen];
  const value = el("span", { class: "value" });
  const box = el(
    "button",
    {
      type: "button", class: "select", role: "combobox", "aria-haspopup": "listbox", "aria-expanded": "false",
      "aria-label": label, data: key ? { key } : {},
      on: {
        click: () => open(),
        keydown: (event) => {
          if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); open(); }
          else if (clearable && (event.key === "Backspace" || event.key === "Delete") && now.length) change(now.slice(0, -1));
        },
      },
    },
    value,
    el("span", { class: "arrow", "aria-hidden": "true" }),
  );
  const clear = el("button", { type: "button", class: "clear", "aria-label": `Clear ${label}`, on: { click: () => { change([]); box.focus(); } } }, "×");
  show();

  function show() {
    fill(
      value,
      now.length
        ? multi
          ? now.map((one) => el("span", { class: "chip" }, withEmoji(one.label)))
          : withEmoji(now[0].label)
        : el("span", { class: "placeholder" }, placeholder),
    );
    box.setAttribute("aria-label", `${label}: ${now.length ? now.map((one) => one.label).join(", ") : placeholder}`);
    clear.hidden = !(clearable && now.length);
  }

  function change(list) {
    now = list;
    show();
    onchange(now);
  }

  function open() {
    const id = uid("list");
    const list = el("div", { role: "listbox", id, "aria-label": label, "aria-multiselectable": multi ? "true" : undefined });
    const input = el("input", {
      type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": id, "aria-autocomplete": "list",
      "aria-label": `Search ${label}`, placeholder: "Type to search", autocomplete: "off",
    });
    const opened = popup(box, el("div", { class: "picker" }, input, list), {
      label, width: box.offsetWidth, onclose: () => box.setAttribute("aria-expanded", "false"),
    });
    box.setAttribute("aria-expanded", "true");
    box.setAttribute("aria-controls", id);
    let options = [];
    let active = 0;
    let asked = 0;

    function mark(index) {
      active = Math.max(0, Math.min(index, options.length - 1));
      for (const [at, node] of list.querySelectorAll("[role=option]").entries()) {
        node.classList.toggle("active", at === active);
        if (at === active) {
          input.setAttribute("aria-activedescendant", node.id);
          node.scrollIntoView({ block: "nearest" });
        }
      }
    }

    function choose(one) {
      if (!multi) {
        opened.close();
        change([one]);
        return;
      }
      const without = now.filter((other) => other.key !== one.key);
      if (without.length === now.length && most && now.length >= most) return;
      change(without.length === now.length ? [...now, one] : without);
      draw();
      place(opened.box, box);
    }

    function draw() {
      let group;
      fill(
        list,
        options.length === 0 && el("div", { class: "nothing" }, "Nothing found"),
        options.map((one, index) => {
          const heading = one.group && one.group !== group && el("div", { class: "group", role: "presentation" }, one.group);
          group = one.group;
          const is = now.some((other) => other.key === one.key);
          return [
            heading,
            el(
              "div",
              {
                role: "option", id: `${id}-${index}`, "aria-selected": String(is),
                on: { click: () => choose(one), pointermove: () => active !== index && mark(index) },
              },
              el("span", {}, withEmoji(one.label)),
              one.description && el("small", {}, withEmoji(one.description)),
            ),
          ];
        }),
      );
      mark(active);
    }

    async function search() {
      const turn = ++asked;
      const found = await load(input.value.trim());
      if (turn !== asked) return;
      options = found;
      active = Math.max(0, input.value ? 0 : options.findIndex((one) => now.some((other) => other.key === one.key)));
      draw();
      place(opened.box, box);
    }

    input.addEventListener("input", search);
    input.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 }[event.key];
      if (step) { event.preventDefault(); mark(active + step); }
      else if (event.key === "Enter") { event.preventDefault(); if (options[active]) choose(options[active]); }
      else if (event.key === "Tab") opened.close();
    });
    search();
    input.focus();
  }

  return el("span", { class: `select-box${multi ? " multi" : ""}` }, box, clearable && clear);
}

/** Options of a fixed list, narrowed by words in any of their parts. */
export const among = (options) => (query) => {
  const wanted = query.toLowerCase().split(/\s+/).filter(Boolean);
  return options.filter((one) => {
    const whole = `${one.label} ${one.description ?? ""} ${one.search ?? ""}`.toLowerCase();
    return wanted.every((word) => whole.includes(word));
  });
};
