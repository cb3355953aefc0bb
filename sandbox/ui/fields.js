// A control for each kind of Block Kit value. `onchange` receives the value in the form the control API takes.

import { button, el, fill, fragment, uid } from "./dom.js";
import { textObject } from "./mrkdwn.js";
import { filterOptions, select } from "./select.js";
import { channelName, fullName, isMember, isPerson, currentUser, userById, store } from "./store.js";
import { fromInputValue, toInputValue } from "./times.js";

/** `value` is the earlier entry, in the form `onchange` receives; `undefined` keeps the app's initial value. */
export function field(inner, options) {
  const make = KINDS[inner.type] ?? (inner.type.includes("select") ? selectInput : textInput);
  return make(inner, options);
}

/** The app's initial value, in the form `onchange` receives. */
export function initial(inner) {
  const initialValue = ["value", "option", "options", "user", "users", "conversation", "conversations", "channel", "channels", "date", "time", "date_time"]
    .map((name) => inner[`initial_${name}`])
    .find((option) => option !== undefined && option !== null);
  return initialValue;
}

const KINDS = {
  plain_text_input: textInput, email_text_input: textInput, url_text_input: textInput, number_input: textInput, rich_text_input: textInput,
  datepicker: dateInput("date", "initial_date"), timepicker: dateInput("time", "initial_time"), datetimepicker: dateTimeInput,
  radio_buttons: radioButtons, checkboxes, file_input: fileInput,
};

const TYPES = { email_text_input: "email", url_text_input: "url", number_input: "text" };

function textInput(inner, { key, id, label, value, onchange, describedby, onenter }) {
  const long = inner.multiline || inner.type === "rich_text_input";
  const start = typeof inner.initial_value === "string" ? inner.initial_value : "";
  const maxLength = inner.max_length ?? (inner.type === "plain_text_input" ? 3000 : null);
  const left = el("small", { class: "left", hidden: true });
  const node = el(long ? "textarea" : "input", {
    id, class: "field", type: long ? undefined : TYPES[inner.type] ?? "text", rows: long ? 4 : undefined,
    inputmode: inner.type === "number_input" ? "decimal" : undefined, value: value ?? start, autocomplete: "off",
    placeholder: inner.placeholder?.text, "aria-label": id ? undefined : label, "aria-describedby": describedby, data: { key },
    on: {
      input: () => { count(); onchange(node.value, "typed"); },
      change: () => onchange(node.value, "left"),
      keydown: (event) => {
        if (event.key === "Enter" && !event.shiftKey && (!long || event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          onchange(node.value, "enter");
          onenter?.();
        }
      },
    },
  });
  function count() {
    if (!maxLength) return;
    const room = maxLength - node.value.length;
    left.hidden = !node.value || room > Math.max(20, maxLength / 10);
    left.textContent = String(room);
    left.classList.toggle("over", room < 0);
  }
  count();
  return fragment(node, left);
}

function dateInput(type, initialName) {
  return (inner, { key, id, label, value, onchange, describedby }) => {
    const node = el("input", {
      id, type, class: "field short", value: value ?? inner[initialName] ?? "", "aria-label": id ? undefined : label,
      "aria-describedby": describedby, data: { key }, on: { change: () => onchange(node.value || null) },
    });
    return node;
  };
}

function dateTimeInput(inner, { key, id, label, value, onchange, describedby }) {
  const start = value ?? inner.initial_date_time;
  const node = el("input", {
    id, type: "datetime-local", class: "field short", value: start ? toInputValue(start) : "", "aria-label": id ? undefined : label,
    "aria-describedby": describedby, data: { key }, on: { change: () => onchange(fromInputValue(node.value)) },
  });
  return fragment(node, el("small", { class: "zone" }, currentUser().tz));
}

function radioButtons(inner, { key, label, value, onchange }) {
  const name = uid("radio");
  const start = value ?? inner.initial_option;
  return el("div", { class: "choices", role: "radiogroup", "aria-label": label }, inner.options.map((option, index) =>
    choiceBox("radio", name, option, start?.value === option.value, index ? undefined : key, () => onchange(option))));
}

function checkboxes(inner, { key, label, value, onchange }) {
  let selected = value ?? inner.initial_options ?? [];
  return el("div", { class: "choices", role: "group", "aria-label": label }, inner.options.map((option, index) =>
    choiceBox("checkbox", undefined, option, selected.some((other) => other.value === option.value), index ? undefined : key, (node) => {
      selected = selected.filter((other) => other.value !== option.value);
      if (node.checked) selected = [...selected, option];
      onchange(selected);
    })));
}

function choiceBox(type, name, option, checked, key, change) {
  const node = el("input", { type, name, checked, data: key ? { key } : {}, on: { change: () => change(node) } });
  return el("label", { class: "choice" }, node, el("span", {}, textObject(option.text), option.description && el("small", {}, textObject(option.description))));
}

function fileInput(inner, { key, id, label, value = [], onchange, surface, describedby }) {
  let selected = value;
  const list = el("ul", { class: "chosen-files" });
  const node = el("input", {
    id, type: "file", multiple: (inner.max_files ?? 10) > 1, accept: inner.filetypes?.map((kind) => `.${kind}`).join(","),
    "aria-label": id ? undefined : label, "aria-describedby": describedby, data: { key },
    on: {
      change: async () => {
        const added = await Promise.all([...node.files].map((file) => surface.upload(file)));
        selected = [...selected, ...added].slice(0, inner.max_files ?? 10);
        node.value = "";
        show();
        onchange(selected.map((file) => file.id));
      },
    },
  });
  const show = () => fill(list, selected.map((file) => el("li", {}, file.name, " ", button("×", () => {
    selected = selected.filter((other) => other !== file);
    show();
    onchange(selected.map((option) => option.id));
  }, { class: "icon", "aria-label": `Remove ${file.name}` }))));
  show();
  return el("div", {}, node, list);
}

const optionOf = (option, group) => ({ key: option.value, label: option.text.text, description: option.description?.text, option, group });

const userOptions = () =>
  [...store.people.values()].filter((user) => isPerson(user) || user.id === store.app.bot?.id)
    .map((user) => ({ key: user.id, label: fullName(user), description: `@${user.name}`, search: user.profile.title, option: user.id }));

const channelOptions = (kinds) =>
  [...store.channels.values()]
    .filter((c) => !c.is_archived && kinds.includes(c.kind) && (c.kind === "channel" || isMember(c)))
    .map((c) => ({ key: c.id, label: c.kind === "im" ? channelName(c) : `#${c.name}`, option: c.id }));

/** Static, external, users, conversations and channels selects, single or multiple. */
function selectInput(inner, { key, label, value, onchange, surface, optional }) {
  const multi = inner.type.startsWith("multi_");
  const kind = inner.type.replace("multi_", "").replace("_select", "");
  const load = loader(kind, inner, key, surface);
  const before = value !== undefined ? value : initial(inner);
  const list = before === null || before === undefined ? [] : multi ? before : [before];
  return select({
    load, multi, key, label,
    most: inner.max_selected_items,
    chosen: list.map((option) => (typeof option === "string" ? optionForId(option) : optionOf(option))),
    placeholder: inner.placeholder?.text ?? (multi ? "Choose any" : "Choose one"),
    clearable: multi || optional,
    onchange: (selected) => onchange(multi ? selected.map((option) => option.option) : selected[0]?.option ?? null),
  });
}

function loader(kind, inner, key, surface) {
  if (kind === "static") {
    const grouped = (inner.option_groups ?? []).flatMap((group) => group.options.map((option) => optionOf(option, group.label.text)));
    return filterOptions([...(inner.options ?? []).map((option) => optionOf(option)), ...grouped]);
  }
  if (kind === "external") return async (query) => (await surface.suggest(key, query)).map((option) => optionOf(option));
  if (kind === "users") return (query) => filterOptions(userOptions())(query);
  if (kind === "channels") return (query) => filterOptions(channelOptions(["channel"]))(query);
  const kinds = inner.filter?.include?.map((option) => ({ public: "channel", private: "group", im: "im", mpim: "mpim" })[option]);
  return (query) => filterOptions(channelOptions(kinds ?? ["channel", "group", "im", "mpim"]))(query);
}

function optionForId(id) {
  const label = userById(id) ? fullName(userById(id)) : `#${channelName(store.channels.get(id))}`;
  return { key: id, label, option: id };
}
