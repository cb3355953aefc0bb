// The journal of the sandbox: calls of the app, and what was delivered to it, by time.

import { get } from "./api.js";
import { el, fill, reconcile } from "./dom.js";
import { json } from "./json_view.js";

const SHOWN = 120;

/** Draw the newest calls and deliveries into `node`; with a message only those about it. */
export async function traffic(node, message) {
  const [calls, deliveries] = await Promise.all([get(`/calls?limit=${SHOWN * 2}`), get(`/deliveries?limit=${SHOWN * 2}`)]);
  const all = [
    ...calls.records.map((one) => ({ ...one, way: "out" })),
    ...deliveries.records.map((one) => ({ ...one, way: "in" })),
  ].filter((one) => !message || concerns(one, message)).sort((a, b) => b.at - a.at).slice(0, SHOWN);
  if (!all.length) {
    node.rows = undefined;
    fill(node, el("p", { class: "nothing" }, "Nothing yet."));
    return;
  }
  if (!node.rows) fill(node);
  reconcile(node, all.map((one) => ({ key: `${one.way}${one.at}${one.method ?? one.id}`, sign: `${one.state}${one.ok}${one.took_ms}${one.attempts?.length}`, make: () => line(one) })));
}

function concerns(one, message) {
  const words = JSON.stringify(one.way === "out" ? [one.args, one.answer] : one.payload);
  return words.includes(`"${message.ts}"`);
}

function line(one) {
  const bad = one.way === "out" ? !one.ok : one.state === "lost" || one.state === "failed" || one.attempts.some((attempt) => attempt.error);
  const name = one.way === "out" ? one.method : nameOf(one);
  const end = one.way === "out" ? outcome(one) : delivered(one);
  const body = el("div", { class: "detail" });
  const node = el(
    "details",
    { class: bad ? "entry bad" : "entry" },
    el("summary", {}, el("time", {}, at(one.at)), el("span", { class: `way ${one.way}`, title: one.way === "out" ? "the app called Slack" : "Slack told the app" }, one.way === "out" ? "→" : "←"), el("code", {}, name), el("span", { class: "end" }, end)),
    body,
  );
  node.addEventListener("toggle", () => {
    if (node.open && !body.childElementCount) fill(body, one.way === "out" ? [json(one.args), json(one.answer ?? {})] : [json(one.payload), json(one.attempts)]);
  });
  return node;
}

const nameOf = (one) => one.payload?.event?.type ?? one.payload?.type ?? one.payload?.command ?? one.kind;
const outcome = (one) => [one.fault ? `fault: ${one.fault}` : one.ok ? "ok" : (one.error ?? one.status), ms(one.took_ms)].filter(Boolean).join(" · ");
const ms = (took) => took >= 1 && `${Math.round(took)} ms`;

function delivered(one) {
  const last = one.attempts.at(-1) ?? {};
  const took = last.took_ms ?? last.ms;
  return [one.state, one.attempts.length > 1 && `${one.attempts.length} attempts`, last.error, ms(took)].filter(Boolean).join(" · ");
}

function at(seconds) {
  const when = new Date(seconds * 1000);
  return `${when.toTimeString().slice(0, 8)}.${String(when.getMilliseconds()).padStart(3, "0")}`;
}
