// Render Slack's mrkdwn. The input is escaped text (&lt; &gt; &amp;); the output is text nodes and elements.

import { el, fragment } from "./dom.js";
import { emoji } from "./emoji.js";
import { channelChip, link, userChip, groupChip, broadcastChip } from "./chips.js";
import { slackDate, fullTime } from "./times.js";

const unescape = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

// Spans are limited in length so that a hostile line of asterisks is cheap to match.
const SPAN = 1200;
const styled = (mark) => `(?<![\\w${mark}])${mark}(?=[^\\s${mark}])([^\\n]{0,${SPAN}}?[^\\s${mark}]|[^\\s${mark}])${mark}(?![\\w${mark}])`;
const INLINE = new RegExp(
  [
    "<([^<>\\n]+)>",
    "`([^`\\n]+)`",
    styled("\\*"),
    styled("_"),
    styled("~"),
    ":([a-zA-Z0-9_+'-]+(?:::skin-tone-\\d)?):",
  ].join("|"),
);
const WRAP = { 3: "strong", 4: "em", 5: "s" };

/** Render one line. */
function inline(text) {
  const out = [];
  while (text) {
    const match = INLINE.exec(text);
    if (!match) break;
    if (match.index) out.push(unescape(text.slice(0, match.index)));
    out.push(token(match));
    text = text.slice(match.index + match[0].length);
  }
  if (text) out.push(unescape(text));
  return out;
}

function token(match) {
  if (match[1] !== undefined) return control(match[1]);
  if (match[2] !== undefined) return el("code", {}, unescape(match[2]));
  if (match[6] !== undefined) return emojiNode(match[6]);
  const which = [3, 4, 5].find((group) => match[group] !== undefined);
  return el(WRAP[which], {}, inline(match[which]));
}

export function emojiNode(name) {
  const character = emoji(name);
  return character ? el("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: `:${name}:` }, character) : `:${name}:`;
}

/** Render a control sequence: the text between `<` and `>`. */
function control(inside) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : unescape(inside.slice(bar + 1));
  if (target.startsWith("@")) return userChip(target.slice(1), label);
  if (target.startsWith("#")) return channelChip(target.slice(1), label);
  if (target.startsWith("!date^")) return dateNode(target.split("^"), label);
  if (target.startsWith("!subteam^")) return groupChip(target.slice(9), label);
  if (target.startsWith("!")) return broadcastChip(target.slice(1));
  return link(unescape(target), label);
}

function dateNode([, seconds, template, url], fallback) {
  if (!/^\d{1,12}$/.test(seconds) || !template) return fallback;
  const time = el("time", { title: fullTime(seconds) }, slackDate(seconds, unescape(template)));
  return url ? link(unescape(url), time) : time;
}

/** Render a whole text: code blocks, quotes and lines. */
export function mrkdwn(text) {
  const out = [];
  for (const [index, part] of String(text ?? "").split("```").entries()) {
    if (index % 2) out.push(el("pre", {}, unescape(part.replace(/^\n|\n$/g, ""))));
    else out.push(...lines(part, index > 0));
  }
  return fragment(out);
}

function lines(text, afterCode) {
  if (afterCode) text = text.replace(/^\n/, "");
  const out = [];
  let quote = null;
  const all = text.split("\n");
  all.forEach((line, index) => {
    const quoted = /^(?:&gt;|>) ?/.exec(line);
    if (quoted) {
      if (quote) quote.append(el("br"));
      else out.push((quote = el("blockquote")));
      quote.append(...inline(line.slice(quoted[0].length)));
      return;
    }
    const after = quote !== null;
    quote = null;
    if (index && !after) out.push(el("br"));
    out.push(...inline(line));
  });
  return out;
}

/** Render a Block Kit text object. */
export function textObject(text) {
  if (!text) return fragment();
  return text.type === "mrkdwn" ? mrkdwn(text.text) : fragment(plain(text.text));
}

/** Render plain text; only emoji and line breaks are interpreted. */
export function plain(text) {
  const out = [];
  for (const [index, line] of String(text ?? "").split("\n").entries()) {
    if (index) out.push(el("br"));
    for (const part of line.split(/(:[a-zA-Z0-9_+'-]+:)/)) {
      if (part) out.push(/^:.+:$/.test(part) ? emojiNode(part.slice(1, -1)) : unescape(part));
    }
  }
  return out;
}
