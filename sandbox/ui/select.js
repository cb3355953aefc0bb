// Block Kit selects: a button that shows the choice, and a list that is filtered while typing.

import { el, fill, uid } from "./dom.js";
import { position, popup } from "./popup.js";
import { withEmoji } from "./emoji.js";

/**
 * `load(query)` returns [{key, label, description, group}] or a promise of it. `chosen` is a list of such options.
 * `onchange(list)` is called at every choice. With `multi` several may be chosen, at most `most`.
 */
export function select({ load, chosen = [], multi = false, most, placeholder, label, onchange, key, clearable = multi }) {
  let selected = [...chosen];
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
          else if (clearable && (event.key === "Backspace" || event.key === "Delete") && selected.length) change(selected.slice(0, -1));
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
      selected.length
        ? multi
          ? selected.map((option) => el("span", { class: "chip" }, withEmoji(option.label)))
          : withEmoji(selected[0].label)
        : el("span", { class: "placeholder" }, placeholder),
    );
    box.setAttribute("aria-label", `${label}: ${selected.length ? selected.map((option) => option.label).join(", ") : placeholder}`);
    clear.hidden = !(clearable && selected.length);
  }

  function change(list) {
    selected = list;
    show();
    onchange(selected);
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
    let searches = 0;

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

    function choose(option) {
      if (!multi) {
        opened.close();
        change([option]);
        return;
      }
      const without = selected.filter((other) => other.key !== option.key);
      if (without.length === selected.length && most && selected.length >= most) return;
      change(without.length === selected.length ? [...selected, option] : without);
      draw();
      position(opened.box, box);
    }

    function draw() {
      let group;
      fill(
        list,
        options.length === 0 && el("div", { class: "nothing" }, "Nothing found"),
        options.map((option, index) => {
          const heading = option.group && option.group !== group && el("div", { class: "group", role: "presentation" }, option.group);
          group = option.group;
          const is = selected.some((other) => other.key === option.key);
          return [
            heading,
            el(
              "div",
              {
                role: "option", id: `${id}-${index}`, "aria-selected": String(is),
                on: { click: () => choose(option), pointermove: () => active !== index && mark(index) },
              },
              el("span", {}, withEmoji(option.label)),
              option.description && el("small", {}, withEmoji(option.description)),
            ),
          ];
        }),
      );
      mark(active);
    }

    async function search() {
      const turn = ++searches;
      const results = await load(input.value.trim());
      if (turn !== searches) return;
      options = results;
      active = Math.max(0, input.value ? 0 : options.findIndex((option) => selected.some((other) => other.key === option.key)));
      draw();
      position(opened.box, box);
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

/** A `load` function for a fixed list: all words of the query must occur in an option. */
export const filterOptions = (options) => (query) => {
  const terms = query.toLowerCase().split(/\s+/).filter(Boolean);
  return options.filter((option) => {
    const whole = `${option.label} ${option.description ?? ""} ${option.search ?? ""}`.toLowerCase();
    return terms.every((word) => whole.includes(word));
  });
};
