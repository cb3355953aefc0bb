// markdown blocks: the common Markdown that Slack translates.

import { el, fragment } from "./dom.js";
import { link } from "./chips.js";
import { emojiNode } from "./mrkdwn.js";

const INLINE =
  /`([^`\n]+)`|\[([^\]\n]{1,500})\]\(([^()\s]{1,2000})\)|\*\*(?=\S)([^\n]{1,1200}?)\*\*|(?<!\w)[*_](?=\S)([^*_\n]{1,1200})[*_](?!\w)|~~([^~\n]+)~~|:([a-z0-9_+-]+):|(https?:\/\/[^\s<>)]+)/;
const WRAP = { 4: "strong", 5: "em", 6: "s" };

function inline(text) {
  const out = [];
  let found;
  while ((found = INLINE.exec(text))) {
    if (found.index) out.push(text.slice(0, found.index));
    out.push(token(found));
    text = text.slice(found.index + found[0].length);
  }
  return text ? [...out, text] : out;
}

function token(found) {
  if (found[1]) return el("code", {}, found[1]);
  if (found[2]) return link(found[3], fragment(inline(found[2])));
  if (found[7]) return emojiNode(found[7]);
  if (found[8]) return link(found[8]);
  const which = [4, 5, 6].find((group) => found[group]);
  return el(WRAP[which], {}, inline(found[which]));
}

const FENCE = /^```/;
const HEADING = /^(#{1,6})\s+(.*)$/;
const RULE = /^(?:-{3,}|\*{3,}|_{3,})\s*$/;
const QUOTE = /^>\s?/;
const ITEM = /^(\s*)(?:[-*+]|(\d+)[.)])\s+(?:\[( |x)\]\s+)?(.*)$/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$/;

/** The whole text, one kind of passage after another. */
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
    const code = taken(lines, (line) => !FENCE.test(line));
    lines.shift();
    return el("pre", {}, code.join("\n"));
  }
  const heading = HEADING.exec(first);
  if (heading) return lines.shift() && el("p", { class: `heading h${heading[1].length}` }, inline(heading[2]));
  if (RULE.test(first)) return lines.shift() && el("hr");
  if (QUOTE.test(first)) {
    return el("blockquote", {}, broken(taken(lines, (line) => QUOTE.test(line)).map((line) => line.replace(QUOTE, ""))));
  }
  if (ITEM.test(first)) return list(taken(lines, (line) => ITEM.test(line)));
  if (first.includes("|") && TABLE_RULE.test(lines[1] ?? "")) return table(taken(lines, (line) => line.includes("|")));
  const plain = (line) => line.trim() && ![FENCE, HEADING, RULE, QUOTE, ITEM].some((kind) => kind.test(line));
  return el("p", {}, broken([lines.shift(), ...taken(lines, plain)]));
}

function taken(lines, holds) {
  const out = [];
  while (lines.length && holds(lines[0])) out.push(lines.shift());
  return out;
}

const broken = (lines) => lines.flatMap((line, index) => (index ? [el("br"), ...inline(line)] : inline(line)));

function list(lines) {
  const ordered = Boolean(ITEM.exec(lines[0])[2]);
  const items = lines.map((line) => {
    const [, space, , ticked, words] = ITEM.exec(line);
    const box = ticked === undefined ? "" : ticked === "x" ? "☑ " : "☐ ";
    return el("li", { class: `indent-${Math.min(4, Math.floor(space.length / 2))}` }, box, inline(words));
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
