// Buttons that make trouble between Slack and the app, and end it.

import { get, post } from "./api.js";
import { button, el, fill, notice } from "./dom.js";

const TROUBLE = [
  ["Rate-limit Slack", "The next 5 calls get 429, Retry-After 3 s", () => post("/faults", { method: "*", status: 429, retry_after: 3, count: 5 })],
  ["Time out after the effect", "The next 3 posts happen, but their answer never comes", () => post("/faults", { method: "chat.*", hang: true, after: true, count: 3 })],
  ["Fail with 500", "The next 5 calls get a server error", () => post("/faults", { method: "*", status: 500, count: 5 })],
  ["Slow Slack", "Every call takes a second longer", () => post("/faults", { latency_s: 1 })],
  ["Deliver twice", "Every event arrives two times", () => post("/faults/delivery", { copies: 2 })],
  ["Drop the sockets", "The app's connections are cut at once", () => post("/sockets", { do: "drop" })],
  ["Ask to reconnect", "A disconnect notice, as Slack sends before it refreshes", () => post("/sockets", { do: "disconnect", reason: "warning" })],
];

export async function drawFaults(node) {
  const [now, state] = await Promise.all([get("/faults"), get("/state")]);
  const again = async (work, words) => {
    try {
      await work();
      notice(words);
    } catch (problem) {
      notice(problem.message, "bad");
    }
    await drawFaults(node);
  };
  node.rows = undefined;
  fill(
    node,
    el("div", { class: now.down ? "state down" : "state" }, el("strong", {}, now.down ? "Slack is down" : "Slack is up"), el("span", {}, connection(state)),
      button(now.down ? "Bring Slack back" : "Take Slack down", () => again(() => post("/slack", { down: !now.down }), now.down ? "Slack is back." : "Slack is down. The page still works; the app cannot reach it."), { class: now.down ? "solid" : "solid danger" })),
    el("ul", { class: "troubles" }, TROUBLE.map(([words, hint, work]) => el("li", {}, button(words, () => again(work, `${words}: done.`), { class: "outline" }), el("small", {}, hint)))),
    el("h3", {}, "In force"),
    inForce(now),
    button("Peace again", () => again(() => post("/faults", {}, "DELETE"), "All faults are cleared."), { class: "outline" }),
  );
}

function connection(state) {
  if (state.connections) return `Socket Mode, ${state.connections} connection${state.connections === 1 ? "" : "s"}`;
  return state.request_url ? "HTTP deliveries" : "no app is connected";
}

function inForce(now) {
  const lines = now.rules.map((rule) => `${rule.method === "*" ? "every call" : rule.method}: ${rule.hang ? "no answer" : rule.status ?? rule.error ?? "slow"}${rule.after ? " after the effect" : ""}, ${rule.count ?? "all"} more`);
  if (now.latency_s) lines.push(`every call ${now.latency_s} s slower`);
  if (now.delivery.copies > 1) lines.push(`every event ${now.delivery.copies} times`);
  if (now.delivery.hold) lines.push("events wait");
  return lines.length ? el("ul", { class: "in-force" }, lines.map((one) => el("li", {}, one))) : el("p", { class: "hint" }, "No trouble.");
}
