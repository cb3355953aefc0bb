// Inspector tab that fires sample alerts in the demo, and resolves them.

import { get, post } from "./api.js";
import { button, el, fill, focusWithin, notice, refocus } from "./dom.js";

export async function drawAlerts(node) {
  const { samples } = await get("/demo/alerts");
  const send = (sample, status) => async () => {
    try {
      notice(outcome(await post("/demo/alerts", { sample: sample.name, status }), sample));
    } catch (problem) {
      notice(problem.message, "bad");
    }
    await drawAlerts(node);
  };
  const focused = focusWithin(node);
  node.rows = undefined;
  fill(
    node,
    el("h3", {}, "Fire an alert"),
    el("p", { class: "hint" }, "As a monitoring system would, through the webhooks. Watch #incidents. Type /incident alerts to see all that fire."),
    el("ul", { class: "troubles" }, samples.map((sample) => el("li", {},
      sample.firing
        ? button(`Resolve: ${sample.title}`, send(sample, "resolved"), { class: "solid", data: { key: sample.name } })
        : button(sample.title, send(sample, "firing"), { class: "outline", data: { key: sample.name } }),
      el("small", {}, sample.firing ? "It fires. A person ends the incident; an alert never does." : sample.hint)))),
  );
  refocus(node, focused);
}

function outcome(answer, sample) {
  const groups = answer.groups.length ? `, in ${answer.groups.join(", ")}` : "";
  if (answer.resolved) return `${sample.title}: ${answer.resolved} resolved${groups}.`;
  if (answer.new) return `${sample.title}: ${answer.new} new${groups}.`;
  return `${sample.title}: told again, which changes nothing.`;
}
