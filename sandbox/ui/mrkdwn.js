// Slack's mrkdwn as elements. What comes in is escaped text (&lt; &gt; &amp;); what goes out are text nodes.

import { el, fragment } from "./dom.js";
import { emoji } from "./emoji.js";
import { channelChip, link, userChip, groupChip, broadcastChip } from "./chips.js";
import { slackDate, whole } from "./times.js";

const unescape = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

// Spans are kept short so that a hostile line of asterisks costs little.
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

/** One line's worth of mrkdwn. */
function inline(text) {
  const out = [];
  while (text) {
    const found = INLINE.exec(text);
    if (!found) break;
    if (found.index) out.push(unescape(text.slice(0, found.index)));
    out.push(token(found));
    text = text.slice(found.index + found[0].length);
  }
  if (text) out.push(unescape(text));
  return out;
}

function token(found) {
  if (found[1] !== undefined) return control(found[1]);
  if (found[2] !== undefined) return el("code", {}, unescape(found[2]));
  if (found[6] !== undefined) return emojiNode(found[6]);
  const which = [3, 4, 5].find((group) => found[group] !== undefined);
  return el(WRAP[which], {}, inline(found[which]));
}

export function emojiNode(name) {
  const sign = emoji(name);
  return sign ? el("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: `:${name}:` }, sign) : `:${name}:`;
}

/** What stands between `<` and `>`. */
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
  const time = el("time", { title: whole(seconds) }, slackDate(seconds, unescape(template)));
  return url ? link(unescape(url), time) : time;
}

/** A whole text: code blocks, quotes and lines. */
export function mrkdwn(text) {
  const out = [];
  for (const [index, piece] of String(text ?? "").split("```").entries()) {
    if (index % 2) out.push(el("pre", {}, unescape(piece.replace(/^\n|\n$/g, ""))));
    else out.push(...lines(piece, index > 0));
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

/** A text object of Block Kit. */
export function textObject(text) {
  if (!text) return fragment();
  return text.type === "mrkdwn" ? mrkdwn(text.text) : fragment(plain(text.text));
}

/** Plain words in which only emoji and line breaks mean something. */
export function plain(text) {
  const out = [];
  for (const [index, line] of String(text ?? "").split("\n").entries()) {
    if (index) out.push(el("br"));
    for (const piece of line.split(/(:[a-zA-Z0-9_+'-]+:)/)) {
      if (piece) out.push(/^:.+:$/.test(piece) ? emojiNode(piece.slice(1, -1)) : unescape(piece));
    }
  }
  return out;
}
