// The "Threads" and "Search" dialogs. A result opens in its conversation.

import { mine } from "./api.js";
import { button, el, fill } from "./dom.js";
import { dialog } from "./dialogs.js";
import { messageRow } from "./message.js";
import { openChannel } from "./navigation.js";
import { channelById, channelName } from "./store.js";

const WAIT_MS = 200;

export async function showThreads() {
  const list = el("div", { class: "search-results" }, el("p", { class: "hint" }, "Loading…"));
  const opened = dialog({ title: "Threads", wide: true, body: list });
  const { threads } = await mine("threads");
  fill(list, threads.map(({ parent, last }) => result(opened, parent, last)), !threads.length && el("p", { class: "hint" }, "You have not joined a thread yet."));
}

/** Open the search dialog; it searches while the user types, newest first. */
export function showSearch() {
  const field = el("input", { class: "field", type: "search", placeholder: "Words in messages", "aria-label": "Search messages", autocomplete: "off" });
  const list = el("div", { class: "search-results", role: "status" });
  const opened = dialog({ title: "Search", wide: true, body: [field, list] });
  let timer = null;
  let searches = 0;
  field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, WAIT_MS); });
  field.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); list.querySelector("button.jump-to")?.focus(); } });
  // A browser would empty the field first, and close the dialog at the second Escape only.
  field.addEventListener("keydown", (event) => { if (event.key === "Escape" && !event.isComposing) { event.preventDefault(); opened.close(); } });
  field.focus();

  async function search() {
    const query = field.value.trim();
    const turn = ++searches;
    const { messages, more } = query ? await mine(`search?q=${encodeURIComponent(query)}`) : { messages: [] };
    if (turn !== searches) return;
    fill(
      list,
      query && el("p", { class: "hint" }, messages.length ? `${more ? "The newest " : ""}${messages.length} found` : `Nothing found with “${query}”`),
      messages.map((message) => result(opened, message)),
    );
  }
}

/** A message with its channel and a button that opens it; for a thread also its `last` reply. */
function result(opened, message, last) {
  const channel = channelById(message.channel);
  const name = channel?.kind === "im" ? channelName(channel) : `#${channelName(channel)}`;
  const to = last ?? message;
  const reach = () => { opened.close(); openChannel(to.channel, to.ts, to.thread_ts); };
  return el(
    "section",
    { class: "search-result" },
    el("header", {}, el("strong", {}, name), last && el("small", {}, `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`), button(last ? "Open thread" : "Go to message", reach, { class: "outline jump-to" })),
    messageRow(message, { inThread: true }),
    last && messageRow(last, { inThread: true }),
  );
}
