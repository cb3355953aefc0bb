// Inspector tab that injects faults between Slack and the app, and clears them.

import { get, post } from "./api.js";
import { button, el, fill, focusWithin, notice, refocus } from "./dom.js";

const TROUBLE = [
  ["Rate-limit Slack", "The next 5 calls get 429, Retry-After 3 s", () => post("/faults", { method: "*", status: 429, retry_after: 3, count: 5 })],
  ["Time out after the effect", "The next 3 posts take effect, but are never answered", () => post("/faults", { method: "chat.*", hang: true, after: true, count: 3 })],
  ["Fail with 500", "The next 5 calls get a server error", () => post("/faults", { method: "*", status: 500, count: 5 })],
  ["Slow Slack", "Every call takes a second longer", () => post("/faults", { latency_s: 1 })],
  ["Deliver twice", "Every event arrives two times", () => post("/faults/delivery", { copies: 2 })],
  ["Refuse charts and tables", "This workspace does not have Slack's newer blocks yet", () => post("/faults", { refused_blocks: ["data_visualization", "data_table", "container"] })],
  ["Revoke the token", "Every call is refused with token_revoked", () => post("/token", { revoked: true })],
  ["Drop the sockets", "The app's connections are cut at once", () => post("/sockets", { do: "drop" })],
  ["Ask to reconnect", "A disconnect notice, as Slack sends before it refreshes", () => post("/sockets", { do: "disconnect", reason: "warning" })],
];

export async function drawFaults(node) {
  const [faults, state] = await Promise.all([get("/faults"), get("/state")]);
  const act = async (work, label) => {
    try {
      await work();
      notice(label);
    } catch (problem) {
      notice(problem.message, "bad");
    }
    await drawFaults(node);
  };
  const focused = focusWithin(node);
  node.rows = undefined;
  fill(
    node,
    el("div", { class: faults.down ? "state down" : "state" }, el("strong", {}, faults.down ? "Slack is down" : "Slack is up"), el("span", {}, connection(state)),
      button(faults.down ? "Bring Slack back" : "Take Slack down", () => act(() => post("/slack", { down: !faults.down }), faults.down ? "Slack is back." : "Slack is down. This web UI still works; the app cannot reach Slack."), { class: faults.down ? "solid" : "solid danger", data: { key: "slack" } })),
    el("ul", { class: "troubles" }, TROUBLE.map(([label, hint, work]) => el("li", {}, button(label, () => act(work, `${label}: done.`), { class: "outline", data: { key: label } }), el("small", {}, hint)))),
    el("h3", {}, "Active faults"),
    inForce(faults),
    button("Clear all faults", () => act(() => post("/faults", {}, "DELETE"), "All faults cleared."), { class: "outline", data: { key: "clear" } }),
  );
  refocus(node, focused);
}

function connection(state) {
  if (state.connections) return `Socket Mode, ${state.connections} connection${state.connections === 1 ? "" : "s"}`;
  return state.request_url ? "HTTP deliveries" : "no app is connected";
}

function inForce(faults) {
  const lines = faults.rules.map((rule) => `${rule.method === "*" ? "every call" : rule.method}: ${rule.hang ? "no answer" : rule.status ?? rule.error ?? "slow"}${rule.after ? " after the effect" : ""}, ${rule.count ?? "all"} more`);
  if (faults.latency_s) lines.push(`every call ${faults.latency_s} s slower`);
  if (faults.delivery.copies > 1) lines.push(`every event ${faults.delivery.copies} times`);
  if (faults.refused_blocks.length) lines.push(`refused blocks: ${faults.refused_blocks.join(", ")}`);
  if (faults.revoked) lines.push("the bot token is revoked");
  if (faults.delivery.hold) lines.push("events wait");
  return lines.length ? el("ul", { class: "in-force" }, lines.map((line) => el("li", {}, line))) : el("p", { class: "hint" }, "None.");
}
