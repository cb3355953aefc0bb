// The composer for messages, commands and files. Enter sends, Shift+Enter starts a new line. In an empty one, ArrowUp
// leads to the card.

import { act } from "./api.js";
import { button, el, fill } from "./dom.js";
import { autocomplete } from "./autocomplete.js";
import { icon } from "./icons.js";
import { chooseEmoji } from "./message_toolbar.js";
import { menu } from "./popup.js";
import { useShortcut } from "./shortcuts.js";
import { channelName, emit, isMember, store } from "./store.js";

const MAX_FILE = 1_000_000;
const drafts = new Map();

/** `target()` returns {channel, thread}; `sent()` is called when a message is sent. */
export function composer({ target, sent, inThread = false }) {
  let files = [];
  const area = el("textarea", { rows: 1, class: "write", autocomplete: "off", spellcheck: "true" });
  const problem = el("div", { class: "problem", role: "alert", hidden: true });
  const chosen = el("div", { class: "chosen", hidden: true });
  const picker = el("input", { type: "file", hidden: true, multiple: true, tabIndex: -1, "aria-label": "Attach files", on: { change: attach } });
  const broadcast = el("input", { type: "checkbox" });
  const also = el("label", { class: "also", hidden: !inThread }, broadcast, el("span", {}));
  const send = button(icon("send", "filled"), submit, { class: "send", "aria-label": "Send", title: "Send (Enter)" });
  const lightning = button(icon("bolt"), () => menu(lightning, shortcutItems(), "Shortcuts"), {
    "aria-label": "Shortcuts", title: "Shortcuts", "aria-haspopup": "menu", "aria-expanded": "false",
  });
  const row = el(
    "div",
    { class: "row" },
    button(icon("plus"), () => picker.click(), { "aria-label": "Attach a file", title: "Attach a file" }),
    lightning,
    button(icon("smile"), (event) => chooseEmoji(event.currentTarget, (name) => insert(`:${name}: `)), { "aria-label": "Emoji", title: "Emoji" }),
    button(icon("at"), () => insert("@", true), { "aria-label": "Mention a person", title: "Mention a person" }),
    el("span", { class: "space" }),
    send,
  );
  const box = el("div", { class: "box" }, area, chosen, row);
  const node = el("form", { class: "composer", on: { submit: (event) => { event.preventDefault(); submit(); } } }, problem, box, also, picker);
  const closed = el("div", { class: "closed", hidden: true });
  const whole = el("div", { class: "composer-box" }, node, closed);
  const handled = autocomplete(area, node);

  area.addEventListener("keydown", (event) => {
    if (handled(event)) return event.preventDefault();
    if (event.key === "ArrowUp" && !area.value && !inThread) {
      event.preventDefault();
      return emit("to-card");
    }
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return undefined;
    event.preventDefault();
    return submit();
  });
  area.addEventListener("input", () => { grow(); remember(); });
  for (const kind of ["dragover", "drop"]) box.addEventListener(kind, (event) => { event.preventDefault(); if (kind === "drop") take(event.dataTransfer.files); });

  function shortcutItems() {
    const all = store.app.shortcuts.filter((item) => item.kind === "global");
    return [
      ...all.map((item) => ({ label: item.name, hint: store.app.name, run: () => useShortcut(item) })),
      "-",
      ...store.app.commands.map((item) => ({ label: item.name, hint: item.description, run: () => command(item) })),
    ];
  }

  /** Put a command into the composer; the user completes and sends it. */
  function command(item) {
    area.value = `${item.name} `;
    area.focus();
    remember();
    grow();
  }

  const key = () => `${store.me} ${target().channel?.id} ${target().thread ?? ""}`;
  const remember = () => drafts.set(key(), area.value);

  function grow() {
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight, 240)}px`;
    send.disabled = !area.value.trim() && !files.length;
  }

  function insert(label, apart = false) {
    const before = area.value.slice(0, area.selectionStart);
    area.setRangeText(apart && before && !/\s$/.test(before) ? ` ${label}` : label, area.selectionStart, area.selectionEnd, "end");
    area.focus();
    area.dispatchEvent(new Event("input"));
  }

  function attach() {
    take(picker.files);
    picker.value = "";
  }

  async function take(list) {
    for (const file of list) {
      if (file.size > MAX_FILE) fail(`${file.name} is too large: files up to 1 MB here.`);
      else files.push({ name: file.name, base64: await base64(file) });
    }
    showFiles();
    area.focus();
  }

  function showFiles() {
    chosen.hidden = !files.length;
    fill(chosen, files.map((file) => el("span", { class: "chip" }, icon("file"), file.name, button(icon("close"), () => { files = files.filter((item) => item !== file); showFiles(); }, { "aria-label": `Remove ${file.name}` }))));
    grow();
  }

  function fail(label) {
    problem.textContent = label;
    problem.hidden = !label;
  }

  async function submit() {
    const text = area.value.trim();
    const { channel, thread } = target();
    const sending = files;
    if (!text && !sending.length) return;
    fail("");
    area.value = "";
    area.dispatchEvent(new Event("input")); // what was suggested is out of place now
    files = [];
    showFiles();
    sent?.();
    try {
      if (/^\/[a-z]/.test(text) && !text.startsWith("/me ")) await act("command", { channel: channel.id, line: text });
      else await act("say", { channel: channel.id, text, thread_ts: thread, broadcast: inThread && broadcast.checked, files: sending });
      broadcast.checked = false;
    } catch (refused) {
      fail(`Not sent: ${refused.message}`);
      if (!area.value) { area.value = text; files = sending; showFiles(); remember(); }
    }
  }

  /** Adapt to the current conversation: draft, placeholder, and whether the user may write. */
  function show() {
    const { channel, thread } = target();
    if (!channel) return;
    const name = channel.kind === "im" ? channelName(channel) : `#${channelName(channel)}`;
    const label = thread ? "Reply…" : `Message ${name}`;
    area.placeholder = label;
    area.setAttribute("aria-label", label);
    also.lastChild.textContent = `Also send to ${name}`;
    if (area.dataset.for !== key()) {
      area.dataset.for = key();
      area.value = drafts.get(key()) ?? "";
      files = [];
      fail("");
      showFiles();
    }
    const may = isMember(channel) && !channel.is_archived;
    node.hidden = !may;
    closed.hidden = may;
    if (!may) fill(closed, channel.is_archived ? "This channel is archived." : join(channel));
    grow();
  }

  const join = (channel) => [`You are looking at #${channel.name}. `, button("Join channel", () => act("join", { channel: channel.id }), { class: "solid" })];

  return { node: whole, show, focus: () => area.focus(), area };
}

/** A file's content as base64. */
export const base64 = (file) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.split(",")[1] ?? "");
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
