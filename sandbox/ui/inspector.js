// The inspector: Block Kit source, API calls and deliveries, faults, and the demo's alerts and bot process.

import { button, el, fill } from "./dom.js";
import { drawAlerts } from "./alerts_panel.js";
import { drawBot, fetchBot } from "./bot_panel.js";
import { drawFaults } from "./faults.js";
import { icon } from "./icons.js";
import { json } from "./json_view.js";
import { traffic } from "./traffic.js";
import { channelName, channelById, on, store } from "./store.js";

const TABS = { blocks: "Block Kit", traffic: "Calls", faults: "Faults", alerts: "Alerts", bot: "Bot" };
const OF_THE_DEMO = ["alerts", "bot"];

export function inspector(node) {
  let tab = "traffic";
  let subject = null; // {message} or {view}
  let openedFrom = null;
  let bot = null;
  const head = el("div", { class: "tabs", role: "tablist", "aria-label": "Inspector" });
  const body = el("div", { class: "inspected", role: "tabpanel", tabIndex: 0, "aria-label": "Inspector" });
  fill(node, el("header", { class: "pane-head" }, el("h2", {}, "Inspector"), el("small", {}, "What the app sends and receives"), button(icon("close"), close, { class: "icon close", "aria-label": "Close inspector" })), head, body);

  async function open(opened) {
    if (node.hidden) openedFrom = document.activeElement;
    node.hidden = false;
    subject = opened.message || opened.view ? opened : subject;
    if (opened.message || opened.view) tab = "blocks";
    bot = await fetchBot();
    if (!bot && OF_THE_DEMO.includes(tab)) tab = "traffic";
    draw();
    head.querySelector("[aria-selected=true]")?.focus();
  }

  function close() {
    node.hidden = true;
    if (openedFrom?.isConnected) openedFrom.focus();
  }

  function draw() {
    if (node.hidden) return;
    const focused = head.contains(document.activeElement) ? tab : null;
    fill(
      head,
      Object.entries(TABS).filter(([name]) => bot || !OF_THE_DEMO.includes(name)).map(([name, label]) =>
        button(label, () => { tab = name; draw(); }, { role: "tab", "aria-selected": String(tab === name), tabIndex: tab === name ? 0 : -1, data: { tab: name } })),
    );
    if (focused) head.querySelector(`[data-tab="${tab}"]`)?.focus();
    refresh();
  }

  async function refresh() {
    try {
      if (tab === "blocks") fill(body, inspected(store.views.at(-1)));
      else if (tab === "traffic") await traffic(body, null);
      else if (tab === "faults") await drawFaults(body);
      else if (tab === "alerts") await drawAlerts(body);
      else await drawBot(body);
    } catch (problem) {
      fill(body, el("p", { class: "problem" }, problem.message));
    }
  }

  function inspected(view) {
    const list = [];
    if (view) list.push(el("h3", {}, `Open modal: ${view.title?.text ?? "Home"}`), json({ callback_id: view.callback_id, private_metadata: view.private_metadata, blocks: view.blocks, state: view.state }));
    if (subject?.message) {
      const { message } = subject;
      const calls = el("div", { class: "traffic" });
      traffic(calls, message).catch(() => {});
      list.push(
        el("h3", {}, `Message in ${channelName(channelById(message.channel))}`),
        el("p", { class: "hint" }, message.blocks ? "Paste it into Slack's Block Kit Builder to compare." : "It has no blocks."),
        json({ text: message.text, blocks: message.blocks, metadata: message.metadata }),
        el("h3", {}, "Calls about it"),
        calls,
      );
    }
    if (!list.length) list.push(el("p", { class: "nothing" }, "Choose “Show Block Kit and calls” in the ⋯ menu of a message, or open a modal."));
    return list;
  }

  head.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const names = [...head.children].map((tabButton) => tabButton.dataset.tab);
    tab = names[(names.indexOf(tab) + step + names.length) % names.length];
    draw();
  });
  node.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    close();
  });
  let timer = null;
  on("change", () => {
    if (node.hidden || timer || tab === "blocks") return;
    timer = setTimeout(() => { timer = null; refresh(); }, 400);
  });
  setInterval(() => { if (!node.hidden && (tab === "bot" || tab === "faults")) refresh(); }, 2000);
  on("views", () => { if (tab === "blocks") refresh(); });
  on("inspect", (opened) => (node.hidden || opened.message ? open(opened) : close()));
}
