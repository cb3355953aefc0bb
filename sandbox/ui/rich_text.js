// Render rich_text blocks.

import { el, fragment } from "./dom.js";
import { broadcastChip, channelChip, groupChip, link, userChip } from "./chips.js";
import { emojiNode } from "./mrkdwn.js";
import { slackDate } from "./times.js";

const BULLETS = ["disc", "circle", "square"];

export const richText = (block) => el("div", { class: "rich" }, (block.elements ?? []).map(part));

function part(element) {
  switch (element.type) {
    case "rich_text_section":
      return el("div", {}, inlineElements(element));
    case "rich_text_preformatted":
      return el("pre", {}, inlineElements(element));
    case "rich_text_quote":
      return el("blockquote", {}, inlineElements(element));
    case "rich_text_list":
      return list(element);
  }
  return fragment();
}

function list({ style, indent = 0, offset = 0, elements }) {
  const node = el(style === "ordered" ? "ol" : "ul", { class: `indent-${indent}` }, elements.map((item) => el("li", {}, inlineElements(item))));
  if (style === "ordered" && offset) node.start = offset + 1;
  else if (style !== "ordered") node.style.listStyleType = BULLETS[indent % 3];
  return node;
}

const inlineElements = (section) => (section.elements ?? []).map(inline);

function inline(element) {
  const style = element.style ?? {};
  let node = unstyled(element);
  if (style.code) node = el("code", {}, node);
  if (style.bold) node = el("strong", {}, node);
  if (style.italic) node = el("em", {}, node);
  if (style.strike) node = el("s", {}, node);
  if (style.underline) node = el("u", {}, node);
  return node;
}

function unstyled(element) {
  switch (element.type) {
    case "text":
      return lines(element.text);
    case "link":
      return link(element.url, element.text);
    case "emoji":
      return emojiNode(element.name);
    case "user":
      return userChip(element.user_id, "");
    case "usergroup":
      return groupChip(element.usergroup_id, "");
    case "channel":
      return channelChip(element.channel_id, "");
    case "broadcast":
      return broadcastChip(element.range);
    case "date":
      return el("time", {}, slackDate(element.timestamp, element.format));
    case "color":
      return el("code", {}, element.value);
  }
  return String(element.fallback ?? "");
}

const lines = (text) =>
  fragment(String(text).split("\n").flatMap((line, index) => (index ? [el("br"), line] : [line])));
