// Finding what was said: the threads one takes part in, and a search. What one chooses is shown where it stands.

import { mine } from "./api.js";
import { button, el, fill } from "./dom.js";
import { dialog } from "./dialogs.js";
import { row } from "./message.js";
import { go } from "./navigation.js";
import { channel, channelName } from "./store.js";

const WAIT_MS = 200;

export async function showThreads() {
  const list = el("div", { class: "found" }, el("p", { class: "hint" }, "Looking…"));
  const opened = dialog({ title: "Threads", wide: true, body: list });
  const { threads } = await mine("threads");
  fill(list, threads.map(({ parent, last }) => one(opened, parent, last)), !threads.length && el("p", { class: "hint" }, "You take part in no thread yet."));
}

/** Searches while one types; the newest is first. */
export function showSearch() {
  const field = el("input", { class: "field", type: "search", placeholder: "Words that were said", "aria-label": "Search messages", autocomplete: "off" });
  const list = el("div", { class: "found", role: "status" });
  const opened = dialog({ title: "Search", wide: true, body: [field, list] });
  let timer = null;
  let asked = 0;
  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, WAIT_MS); });
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); list.querySelector("button.jump-to")?.focus(); } });
  field.focus();

  async function look() {
    const words = field.value.trim();
    const turn = ++asked;
    const { messages, more } = words ? await mine(`search?q=${encodeURIComponent(words)}`) : { messages: [] };
    if (turn !== asked) return;
    fill(
      list,
      words && el("p", { class: "hint" }, messages.length ? `${more ? "The newest " : ""}${messages.length} found` : `Nothing found with “${words}”`),
      messages.map((message) => one(opened, message)),
    );
  }
}

/** A message with the channel it stands in and the way there; of a thread, the last reply with it. */
function one(opened, message, last) {
  const where = channel(message.channel);
  const name = where?.kind === "im" ? channelName(where) : `#${channelName(where)}`;
  const to = last ?? message;
  const reach = () => { opened.close(); go(to.channel, to.ts, to.thread_ts); };
  return el(
    "section",
    { class: "found-one" },
    el("header", {}, el("strong", {}, name), last && el("small", {}, `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`), button(last ? "Open thread" : "Go to message", reach, { class: "outline jump-to" })),
    row(message, { inThread: true }),
    last && row(last, { inThread: true }),
  );
}
