// rich_text blocks: what Slack's own composer writes, and apps may.

import { el, fragment } from "./dom.js";
import { broadcastChip, channelChip, groupChip, link, userChip } from "./chips.js";
import { emojiNode } from "./mrkdwn.js";
import { slackDate } from "./times.js";

const BULLETS = ["disc", "circle", "square"];

export const richText = (block) => el("div", { class: "rich" }, (block.elements ?? []).map(part));

function part(one) {
  switch (one.type) {
    case "rich_text_section":
      return el("div", {}, words(one));
    case "rich_text_preformatted":
      return el("pre", {}, words(one));
    case "rich_text_quote":
      return el("blockquote", {}, words(one));
    case "rich_text_list":
      return list(one);
  }
  return fragment();
}

function list({ style, indent = 0, offset = 0, elements }) {
  const node = el(style === "ordered" ? "ol" : "ul", { class: `indent-${indent}` }, elements.map((item) => el("li", {}, words(item))));
  if (style === "ordered" && offset) node.start = offset + 1;
  else if (style !== "ordered") node.style.listStyleType = BULLETS[indent % 3];
  return node;
}

const words = (section) => (section.elements ?? []).map(inline);

function inline(one) {
  const style = one.style ?? {};
  let node = bare(one);
  if (style.code) node = el("code", {}, node);
  if (style.bold) node = el("strong", {}, node);
  if (style.italic) node = el("em", {}, node);
  if (style.strike) node = el("s", {}, node);
  if (style.underline) node = el("u", {}, node);
  return node;
}

function bare(one) {
  switch (one.type) {
    case "text":
      return lines(one.text);
    case "link":
      return link(one.url, one.text);
    case "emoji":
      return emojiNode(one.name);
    case "user":
      return userChip(one.user_id, "");
    case "usergroup":
      return groupChip(one.usergroup_id, "");
    case "channel":
      return channelChip(one.channel_id, "");
    case "broadcast":
      return broadcastChip(one.range);
    case "date":
      return el("time", {}, slackDate(one.timestamp, one.format));
    case "color":
      return el("code", {}, one.value);
  }
  return String(one.fallback ?? "");
}

const lines = (text) =>
  fragment(String(text).split("\n").flatMap((line, index) => (index ? [el("br"), line] : [line])));
