// Format times in the current user's time zone.

import { currentUser, now } from "./store.js";

const zone = () => currentUser()?.tz || "UTC";
const formats = new Map();

function format(options) {
  const key = `${zone()}|${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat("en-GB", { timeZone: zone(), ...options }));
  return formats.get(key);
}

const date = (seconds) => new Date(Number(seconds) * 1000);
const part = (seconds, options) => format(options).format(date(seconds));

export const timeOfDay = (seconds) => part(seconds, { hour: "2-digit", minute: "2-digit" });
export const dayKey = (seconds) => part(seconds, { year: "numeric", month: "2-digit", day: "2-digit" });
export const fullTime = (seconds) =>
  `${part(seconds, { weekday: "short", day: "numeric", month: "long", year: "numeric" })}, ${timeOfDay(seconds)}`;

/** "Today", "Yesterday", "Monday, 3 March". */
export function dayName(seconds) {
  const near = relativeDay(seconds);
  if (near) return near[0].toUpperCase() + near.slice(1);
  const other = part(seconds, { year: "numeric" }) !== part(now(), { year: "numeric" });
  return part(seconds, { weekday: "long", day: "numeric", month: "long", ...(other ? { year: "numeric" } : {}) });
}

function relativeDay(seconds) {
  const key = dayKey(seconds);
  if (key === dayKey(now())) return "today";
  if (key === dayKey(now() - 86400)) return "yesterday";
  if (key === dayKey(now() + 86400)) return "tomorrow";
  return null;
}

function ago(seconds) {
  const span = now() - seconds;
  const [size, unit] = [[86400, "day"], [3600, "hour"], [60, "minute"]].find(([s]) => Math.abs(span) >= s) ?? [1, "second"];
  const count = Math.round(Math.abs(span) / size);
  const text = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return span < 0 ? `in ${text}` : `${text} ago`;
}

const LONG = { weekday: "long", day: "numeric", month: "long", year: "numeric" };
const MEDIUM = { day: "numeric", month: "long", year: "numeric" };
const SHORT = { day: "numeric", month: "short", year: "numeric" };
const TOKENS = {
  date_num: (s) => `${part(s, { year: "numeric" })}-${part(s, { month: "2-digit" })}-${part(s, { day: "2-digit" })}`,
  date: (s) => part(s, MEDIUM),
  date_short: (s) => part(s, SHORT),
  date_long: (s) => part(s, LONG),
  date_pretty: (s) => relativeDay(s) ?? part(s, MEDIUM),
  date_short_pretty: (s) => relativeDay(s) ?? part(s, SHORT),
  date_long_pretty: (s) => relativeDay(s) ?? part(s, LONG),
  date_slash: (s) => part(s, { day: "2-digit", month: "2-digit", year: "numeric" }),
  date_long_full: (s) => part(s, MEDIUM),
  day_divider_pretty: (s) => relativeDay(s) ?? dayName(s),
  time: timeOfDay,
  time_secs: (s) => part(s, { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  ago,
};

/** Expand Slack's date tokens: `{date_short_pretty} at {time}`. A date at the beginning is capitalized. */
export function slackDate(seconds, template) {
  const text = template.replace(/\{([a-z_]+)\}/g, (token, name) => TOKENS[name]?.(Number(seconds)) ?? token);
  return template.startsWith("{date") ? text[0].toUpperCase() + text.slice(1) : text;
}

/** Epoch seconds as the value of a datetime-local input; `fromInputValue` is the inverse. */
export function toInputValue(seconds) {
  return `${TOKENS.date_num(seconds)}T${timeOfDay(seconds)}`;
}

export function fromInputValue(value) {
  if (!value) return null;
  const naive = Date.parse(`${value}Z`) / 1000;
  let guess = naive;
  for (let round = 0; round < 3; round++) guess += naive - Date.parse(`${toInputValue(guess)}Z`) / 1000;
  return Math.round(guess);
}
