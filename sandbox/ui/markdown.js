// Render markdown blocks: the standard Markdown that Slack supports.

import { el, fragment } from "./dom.js";
import { link } from "./chips.js";
import { emojiNode } from "./mrkdwn.js";

const INLINE =
  /`([^`\n]+)`|\[([^\]\n]{1,500})\]\(([^()\s]{1,2000})\)|\*\*(?=\S)([^\n]{1,1200}?)\*\*|(?<!\w)[*_](?=\S)([^*_\n]{1,1200})[*_](?!\w)|~~([^~\n]+)~~|:([a-z0-9_+-]+):|(https?:\/\/[^\s<>)]+)/;
const WRAP = { 4: "strong", 5: "em", 6: "s" };

function inline(text) {
  const out = [];
  let match;
  while ((match = INLINE.exec(text))) {
    if (match.index) out.push(text.slice(0, match.index));
    out.push(token(match));
    text = text.slice(match.index + match[0].length);
  }
  return text ? [...out, text] : out;
}

function token(match) {
  if (match[1]) return el("code", {}, match[1]);
  if (match[2]) return link(match[3], fragment(inline(match[2])));
  if (match[7]) return emojiNode(match[7]);
  if (match[8]) return link(match[8]);
  const which = [4, 5, 6].find((group) => match[group]);
  return el(WRAP[which], {}, inline(match[which]));
}

const FENCE = /^```/;
const HEADING = /^(#{1,6})\s+(.*)$/;
const RULE = /^(?:-{3,}|\*{3,}|_{3,})\s*$/;
const QUOTE = /^>\s?/;
const ITEM = /^(\s*)(?:[-*+]|(\d+)[.)])\s+(?:\[( |x)\]\s+)?(.*)$/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

/** Render a text, paragraph by paragraph. */
export function markdown(text) {
  const lines = String(text).split("\n");
  const out = [];
  while (lines.length) out.push(passage(lines));
  return el("div", { class: "markdown" }, out);
}

function passage(lines) {
  const first = lines[0];
  if (!first.trim()) return lines.shift() && null;
  if (FENCE.test(first)) {
    lines.shift();
    const code = takeWhile(lines, (line) => !FENCE.test(line));
    lines.shift();
    return el("pre", {}, code.join("\n"));
  }
  const heading = HEADING.exec(first);
  if (heading) return lines.shift() && el("p", { class: `heading h${heading[1].length}` }, inline(heading[2]));
  if (RULE.test(first)) return lines.shift() && el("hr");
  if (QUOTE.test(first)) {
    return el("blockquote", {}, withBreaks(takeWhile(lines, (line) => QUOTE.test(line)).map((line) => line.replace(QUOTE, ""))));
  }
  if (ITEM.test(first)) return list(takeWhile(lines, (line) => ITEM.test(line)));
  if (first.includes("|") && TABLE_RULE.test(lines[1] ?? "")) return table(takeWhile(lines, (line) => line.includes("|")));
  const plain = (line) => line.trim() && ![FENCE, HEADING, RULE, QUOTE, ITEM].some((kind) => kind.test(line));
  return el("p", {}, withBreaks([lines.shift(), ...takeWhile(lines, plain)]));
}

function takeWhile(lines, holds) {
  const out = [];
  while (lines.length && holds(lines[0])) out.push(lines.shift());
  return out;
}

const withBreaks = (lines) => lines.flatMap((line, index) => (index ? [el("br"), ...inline(line)] : inline(line)));

function list(lines) {
  const ordered = Boolean(ITEM.exec(lines[0])[2]);
  const items = lines.map((line) => {
    const [, space, , ticked, text] = ITEM.exec(line);
    const box = ticked === undefined ? "" : ticked === "x" ? "☑ " : "☐ ";
    return el("li", { class: `indent-${Math.min(4, Math.floor(space.length / 2))}` }, box, inline(text));
  });
  return el(ordered ? "ol" : "ul", {}, items);
}

function table(lines) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => inline(cell.trim()));
  const [head, , ...rows] = lines;
  return el(
    "table",
    {},
    el("thead", {}, el("tr", {}, cells(head).map((cell) => el("th", {}, cell)))),
    el("tbody", {}, rows.map((row) => el("tr", {}, cells(row).map((cell) => el("td", {}, cell))))),
  );
}
