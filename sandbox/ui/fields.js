// One control for each kind of value in Block Kit. `onchange` hears the value as the sandbox takes it.

import { button, el, fill, fragment, uid } from "./dom.js";
import { textObject } from "./mrkdwn.js";
import { among, select } from "./select.js";
import { channelName, fullName, isMember, isPerson, me, person, world } from "./store.js";
import { fromInput, toInput } from "./times.js";

/** `value` is what was entered before (as `onchange` gave it), `undefined` for what the app set. */
export function field(inner, options) {
  const make = KINDS[inner.type] ?? (inner.type.includes("select") ? picking : writing);
  return make(inner, options);
}

/** What the app set at first, in the form `onchange` gives. */
export function initial(inner) {
  const given = ["value", "option", "options", "user", "users", "conversation", "conversations", "channel", "channels", "date", "time", "date_time"]
    .map((name) => inner[`initial_${name}`])
    .find((one) => one !== undefined && one !== null);
  return given;
}

const KINDS = {
  plain_text_input: writing, email_text_input: writing, url_text_input: writing, number_input: writing, rich_text_input: writing,
  datepicker: dating("date", "initial_date"), timepicker: dating("time", "initial_time"), datetimepicker: moment,
  radio_buttons: radios, checkboxes: boxes, file_input: files,
};

const TYPES = { email_text_input: "email", url_text_input: "url", number_input: "text" };

function writing(inner, { key, id, label, value, onchange, describedby, onenter }) {
  const long = inner.multiline || inner.type === "rich_text_input";
  const start = typeof inner.initial_value === "string" ? inner.initial_value : "";
  const most = inner.max_length ?? (inner.type === "plain_text_input" ? 3000 : null);
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
    if (!most) return;
    const room = most - node.value.length;
    left.hidden = !node.value || room > Math.max(20, most / 10);
    left.textContent = String(room);
    left.classList.toggle("over", room < 0);
  }
  count();
  return fragment(node, left);
}

function dating(type, initialName) {
  return (inner, { key, id, label, value, onchange, describedby }) => {
    const node = el("input", {
      id, type, class: "field short", value: value ?? inner[initialName] ?? "", "aria-label": id ? undefined : label,
      "aria-describedby": describedby, data: { key }, on: { change: () => onchange(node.value || null) },
    });
    return node;
  };
}

function moment(inner, { key, id, label, value, onchange, describedby }) {
  const start = value ?? inner.initial_date_time;
  const node = el("input", {
    id, type: "datetime-local", class: "field short", value: start ? toInput(start) : "", "aria-label": id ? undefined : label,
    "aria-describedby": describedby, data: { key }, on: { change: () => onchange(fromInput(node.value)) },
  });
  return fragment(node, el("small", { class: "zone" }, me().tz));
}

function radios(inner, { key, label, value, onchange }) {
  const name = uid("radio");
  const start = value ?? inner.initial_option;
  return el("div", { class: "choices", role: "radiogroup", "aria-label": label }, inner.options.map((option, index) =>
    choice("radio", name, option, start?.value === option.value, index ? undefined : key, () => onchange(option))));
}

function boxes(inner, { key, label, value, onchange }) {
  let now = value ?? inner.initial_options ?? [];
  return el("div", { class: "choices", role: "group", "aria-label": label }, inner.options.map((option, index) =>
    choice("checkbox", undefined, option, now.some((one) => one.value === option.value), index ? undefined : key, (node) => {
      now = now.filter((one) => one.value !== option.value);
      if (node.checked) now = [...now, option];
      onchange(now);
    })));
}

function choice(type, name, option, checked, key, change) {
  const node = el("input", { type, name, checked, data: key ? { key } : {}, on: { change: () => change(node) } });
  return el("label", { class: "choice" }, node, el("span", {}, textObject(option.text), option.description && el("small", {}, textObject(option.description))));
}

function files(inner, { key, id, label, value = [], onchange, surface, describedby }) {
  let now = value;
  const list = el("ul", { class: "chosen-files" });
  const node = el("input", {
    id, type: "file", multiple: (inner.max_files ?? 10) > 1, accept: inner.filetypes?.map((kind) => `.${kind}`).join(","),
    "aria-label": id ? undefined : label, "aria-describedby": describedby, data: { key },
    on: {
      change: async () => {
        const added = await Promise.all([...node.files].map((file) => surface.upload(file)));
        now = [...now, ...added].slice(0, inner.max_files ?? 10);
        node.value = "";
        show();
        onchange(now.map((file) => file.id));
      },
    },
  });
  const show = () => fill(list, now.map((file) => el("li", {}, file.name, " ", button("×", () => {
    now = now.filter((other) => other !== file);
    show();
    onchange(now.map((one) => one.id));
  }, { class: "icon", "aria-label": `Remove ${file.name}` }))));
  show();
  return el("div", {}, node, list);
}

const shape = (option, group) => ({ key: option.value, label: option.text.text, description: option.description?.text, option, group });

const people = () =>
  [...world.people.values()].filter((user) => isPerson(user) || user.id === world.app.bot?.id)
    .map((user) => ({ key: user.id, label: fullName(user), description: `@${user.name}`, search: user.profile.title, option: user.id }));

const rooms = (kinds) =>
  [...world.channels.values()]
    .filter((c) => !c.is_archived && kinds.includes(c.kind) && (c.kind === "channel" || isMember(c)))
    .map((c) => ({ key: c.id, label: c.kind === "im" ? channelName(c) : `#${c.name}`, option: c.id }));

/** Static, external, users, conversations and channels selects, for one or for several. */
function picking(inner, { key, label, value, onchange, surface, optional }) {
  const multi = inner.type.startsWith("multi_");
  const kind = inner.type.replace("multi_", "").replace("_select", "");
  const load = loader(kind, inner, key, surface);
  const before = value !== undefined ? value : initial(inner);
  const list = before === null || before === undefined ? [] : multi ? before : [before];
  return select({
    load, multi, key, label,
    most: inner.max_selected_items,
    chosen: list.map((one) => (typeof one === "string" ? named(one) : shape(one))),
    placeholder: inner.placeholder?.text ?? (multi ? "Choose any" : "Choose one"),
    clearable: multi || optional,
    onchange: (now) => onchange(multi ? now.map((one) => one.option) : now[0]?.option ?? null),
  });
}

function loader(kind, inner, key, surface) {
  if (kind === "static") {
    const grouped = (inner.option_groups ?? []).flatMap((group) => group.options.map((option) => shape(option, group.label.text)));
    return among([...(inner.options ?? []).map((option) => shape(option)), ...grouped]);
  }
  if (kind === "external") return async (query) => (await surface.suggest(key, query)).map((option) => shape(option));
  if (kind === "users") return (query) => among(people())(query);
  if (kind === "channels") return (query) => among(rooms(["channel"]))(query);
  const wanted = inner.filter?.include?.map((one) => ({ public: "channel", private: "group", im: "im", mpim: "mpim" })[one]);
  return (query) => among(rooms(wanted ?? ["channel", "group", "im", "mpim"]))(query);
}

function named(id) {
  const label = person(id) ? fullName(person(id)) : `#${channelName(world.channels.get(id))}`;
  return { key: id, label, option: id };
}
