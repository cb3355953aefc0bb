// Autocomplete in the composer: commands after "/", people after "@", channels after "#", emoji after ":".

import { el, uid } from "./dom.js";
import { emoji, emojiNames } from "./emoji.js";
import { fullName, isMember, isPerson, currentChannel, store } from "./store.js";

const TRIGGER = /(?:^|[\s(])([@#:])([\w.+-]*)$/;
const MOST = 8;

/** Attach to a textarea. Returns a keydown handler, which returns true if it consumed the key. */
export function autocomplete(area, host) {
  const id = uid("complete");
  const list = el("div", { class: "completion", role: "listbox", id, "aria-label": "Suggestions", hidden: true });
  host.append(list);
  let entries = [];
  let active = 0;
  let dismissed = null;

  function update() {
    const match = suggestions(area);
    entries = match && match.sign !== dismissed ? match.entries : [];
    if (!match || match.sign !== dismissed) dismissed = null;
    active = 0;
    draw();
  }

  function draw() {
    list.hidden = !entries.length;
    area.setAttribute("aria-expanded", String(!list.hidden));
    list.replaceChildren(
      ...entries.map((entry, index) =>
        el(
          "div",
          {
            role: "option", id: `${id}-${index}`, "aria-selected": String(index === active),
            on: { mousedown: (event) => { event.preventDefault(); choose(entry); } },
          },
          entry.sign && el("span", { class: "sign" }, entry.sign),
          el("strong", {}, entry.label),
          entry.hint && el("span", { class: "hint" }, entry.hint),
          entry.note && el("small", {}, entry.note),
        ),
      ),
    );
    if (entries.length) area.setAttribute("aria-activedescendant", `${id}-${active}`);
    else area.removeAttribute("aria-activedescendant");
  }

  function choose(entry) {
    area.setRangeText(`${entry.insertion} `, entry.from, area.selectionStart, "end");
    entries = [];
    draw();
    area.focus();
    area.dispatchEvent(new Event("input"));
  }

  area.setAttribute("role", "combobox");
  area.setAttribute("aria-autocomplete", "list");
  area.setAttribute("aria-controls", id);
  area.setAttribute("aria-expanded", "false");
  area.addEventListener("input", update);
  area.addEventListener("blur", () => { entries = []; draw(); });
  return (event) => {
    if (!entries.length || event.isComposing) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) active = (active + step + entries.length) % entries.length;
    else if (event.key === "Escape") { dismissed = suggestions(area)?.sign; entries = []; }
    else if (event.key === "Tab" || (event.key === "Enter" && !entries[active].typed)) { choose(entries[active]); return true; }
    else return false;
    draw();
    return true;
  };
}

function suggestions(area) {
  const before = area.value.slice(0, area.selectionStart);
  const command = /^\/([\w-]*)$/.exec(before);
  if (command) return { sign: "/", entries: commandEntries(before) };
  const match = TRIGGER.exec(before);
  if (!match) return null;
  const [, sign, query] = match;
  const from = before.length - query.length - 1;
  if (sign === ":" && query.length < 2) return null;
  const entries = { "@": userEntries, "#": channelEntries, ":": emojiEntries }[sign](query.toLowerCase()).slice(0, MOST);
  return { sign: `${sign}${from}`, entries: entries.map((entry) => ({ ...entry, from })) };
}

const commandEntries = (typed) =>
  store.app.commands
    .filter((command) => command.name.startsWith(typed))
    .map((command) => ({ label: command.name, hint: command.usage_hint, note: `${command.description} · ${store.app.name}`, insertion: command.name, from: 0, typed: command.name === typed }));

function userEntries(query) {
  const channel = currentChannel();
  const rank = (user) => (user.name === query ? 2 : 0) + (isMember(channel, user.id) ? 1 : 0);
  const people = [...store.people.values()]
    .filter((user) => isPerson(user) || user.id === store.app.bot.id)
    .filter((user) => [user.name, ...fullName(user).split(" ")].some((part) => part.toLowerCase().startsWith(query)))
    .sort((a, b) => rank(b) - rank(a))
    .map((user) => ({ typed: user.name === query, label: fullName(user), hint: `@${user.name}`, note: isMember(channel, user.id) ? "" : "not in this channel", insertion: `@${user.name}` }));
  const groups = [...store.groups.values()].filter((g) => g.handle.startsWith(query)).map((g) => ({ typed: g.handle === query, label: `@${g.handle}`, hint: g.name, insertion: `@${g.handle}` }));
  const all = ["here", "channel"].filter((command) => command.startsWith(query)).map((command) => ({ typed: command === query, label: `@${command}`, hint: "Notify everybody in this channel", insertion: `@${command}` }));
  return [...people, ...groups, ...all];
}

const channelEntries = (query) =>
  [...store.channels.values()].filter((c) => c.kind === "channel" && !c.is_archived && c.name.startsWith(query)).map((c) => ({ typed: c.name === query, label: `#${c.name}`, insertion: `#${c.name}` }));

const emojiEntries = (query) =>
  emojiNames().filter((name) => name.startsWith(query)).map((name) => ({ sign: emoji(name), label: `:${name}:`, insertion: `:${name}:` }));
