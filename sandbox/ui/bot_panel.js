// Inspector tab for the demo's bot process: kill it, start it, read its outbox and deadlines.

import { get, post } from "./api.js";
import { button, el, fill, notice } from "./dom.js";

const LONGEST_CELL = 80;
let absent = false;

/** The state of the bot process, or `null` if the sandbox does not run as a demo. */
export async function fetchBot() {
  if (absent) return null;
  try {
    return (await get("/demo")).bot ?? null;
  } catch (problem) {
    absent = problem.status === 404;
    return null;
  }
}

export async function drawBot(node) {
  const [bot, rows] = await Promise.all([fetchBot(), get("/demo/bot").catch(() => null)]);
  const running = bot?.running ?? true;
  const action = (path, confirmation) => async () => {
    try {
      await post(path);
      notice(confirmation);
    } catch (problem) {
      notice(problem.message, "bad");
    }
    await drawBot(node);
  };
  const key = document.activeElement?.closest(".state") ? document.activeElement.dataset.key : null;
  node.rows = undefined;
  fill(
    node,
    el("div", { class: running ? "state" : "state down" }, el("strong", {}, running ? "The bot is running" : "The bot is stopped"), el("span", {}, bot?.pid ? `process ${bot.pid}` : ""),
      running
        ? button("Kill the bot", action("/demo/kill", "Killed, as by a power cut."), { class: "solid danger", data: { key: "bot" } })
        : button("Start the bot", action("/demo/start", "Started. Watch it catch up."), { class: "solid", data: { key: "bot" } })),
    table("Outbox", rows?.outbox, running),
    table("Deadlines", rows?.deadlines, running),
  );
  if (key) node.querySelector(`[data-key="${key}"]`)?.focus();
}

function table(title, rows, running) {
  if (!rows) return [el("h3", {}, title), el("p", { class: "hint" }, running ? "Cannot be read yet: the bot does not answer." : "Cannot be read while the bot is stopped.")];
  if (!rows.length) return [el("h3", {}, title), el("p", { class: "hint" }, "Empty.")];
  const columns = Object.keys(rows[0]);
  return [
    el("h3", {}, `${title} (${rows.length})`),
    el("div", { class: "table", tabIndex: 0, role: "group", "aria-label": title },
      el("table", {}, el("thead", {}, el("tr", {}, columns.map((name) => el("th", {}, name.replaceAll("_", " "))))),
        el("tbody", {}, rows.map((row) => el("tr", {}, columns.map((name) => el("td", {}, cellText(row[name])))))))),
  ];
}

function cellText(value) {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL)}…` : text;
}
