// The bot's clock, which `--speed` makes faster than real time. The page shows all times by it.

import { get } from "./api.js";
import { el } from "./dom.js";
import { now, emit, on, store } from "./store.js";
import { timeOfDay } from "./times.js";

const READ_EVERY_MS = 30_000;
const DRAW_EVERY_MS = 500;

/** Read the bot's clock now and again. Does nothing at real speed. */
export async function followBotClock() {
  if (store.speed === 1) return;
  setInterval(read, READ_EVERY_MS);
  on("change", ({ kind }) => { if (kind === "app_started") read(); });
  await read();
}

async function read() {
  const first = !store.clock;
  const answer = await get("/demo/bot").catch(() => null); // the bot is not up yet, or was killed: its clock goes on
  store.clock = answer?.clock ?? store.clock;
  if (first && store.clock) emit("clock");
}

/** "Tocsin's clock 14:32, 60 times as fast", which goes on by itself; `null` at real speed. */
export function botClock() {
  if (store.speed === 1) return null;
  const node = el("span", { class: "bot-clock" });
  const draw = () => { node.textContent = store.clock ? `${store.app.name}’s clock ${timeOfDay(now())}, ${store.speed} times as fast` : ""; };
  const timer = setInterval(() => (node.isConnected ? draw() : clearInterval(timer)), DRAW_EVERY_MS);
  draw();
  return node;
}
