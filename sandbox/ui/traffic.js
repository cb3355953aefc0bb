// Inspector tab with the app's Web API calls and the deliveries to it, newest first.

import { get } from "./api.js";
import { el, fill, reconcile } from "./dom.js";
import { json } from "./json_view.js";

const SHOWN = 120;

/** Draw the newest calls and deliveries into `node`; given a message, only those that concern it. */
export async function traffic(node, message) {
  const [calls, deliveries] = await Promise.all([get(`/calls?limit=${SHOWN * 2}`), get(`/deliveries?limit=${SHOWN * 2}`)]);
  const records = [
    ...calls.records.map((record) => ({ ...record, way: "out" })),
    ...deliveries.records.map((record) => ({ ...record, way: "in" })),
  ].filter((record) => !message || concerns(record, message)).sort((a, b) => b.at - a.at).slice(0, SHOWN);
  if (!records.length) {
    node.rows = undefined;
    fill(node, el("p", { class: "nothing" }, "Nothing yet."));
    return;
  }
  if (!node.rows) fill(node);
  reconcile(node, records.map((record) => ({ key: `${record.way}${record.at}${record.method ?? record.id}`, version: `${record.state}${record.ok}${record.took_ms}${record.attempts?.length}`, make: () => line(record) })));
}

function concerns(record, message) {
  const haystack = JSON.stringify(record.way === "out" ? [record.args, record.answer] : record.payload);
  return haystack.includes(`"${message.ts}"`);
}

function line(record) {
  const bad = record.way === "out" ? !record.ok : record.state === "failed" || record.attempts.some((attempt) => attempt.error);
  const name = record.way === "out" ? record.method : nameOf(record);
  const end = record.way === "out" ? outcome(record) : delivered(record);
  const body = el("div", { class: "detail" });
  const node = el(
    "details",
    { class: bad ? "entry bad" : "entry" },
    el("summary", {}, el("time", {}, clockTime(record.at)), el("span", { class: `way ${record.way}`, title: record.way === "out" ? "the app called Slack" : "Slack told the app" }, record.way === "out" ? "→" : "←"), el("code", {}, name), el("span", { class: "end" }, end)),
    body,
  );
  node.addEventListener("toggle", () => {
    if (node.open && !body.childElementCount) fill(body, record.way === "out" ? [json(record.args), json(record.answer ?? {})] : [json(record.payload), json(record.attempts)]);
  });
  return node;
}

const nameOf = (record) => record.payload?.event?.type ?? record.payload?.type ?? record.payload?.command ?? record.kind;
const outcome = (record) => [record.fault ? `fault: ${record.fault}` : record.ok ? "ok" : (record.error ?? record.status), milliseconds(record.took_ms)].filter(Boolean).join(" · ");
const milliseconds = (took) => took >= 1 && `${Math.round(took)} ms`;

function delivered(record) {
  const last = record.attempts.at(-1) ?? {};
  return [record.state, record.attempts.length > 1 && `${record.attempts.length} attempts`, last.error].filter(Boolean).join(" · ");
}

function clockTime(seconds) {
  const when = new Date(seconds * 1000);
  return `${when.toTimeString().slice(0, 8)}.${String(when.getMilliseconds()).padStart(3, "0")}`;
}
