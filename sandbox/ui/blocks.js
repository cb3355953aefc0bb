// Render Block Kit blocks. `surface` connects them to their message, modal or home tab: it takes presses and values.

import { el, fragment } from "./dom.js";
import { cellWords, dataTable } from "./data_table.js";
import { chart } from "./charts.js";
import { element } from "./elements.js";
import { icon } from "./icons.js";
import { foldable, IN_BLOCK } from "./folding.js";
import { input } from "./inputs.js";
import { link, safeUrl } from "./chips.js";
import { markdown } from "./markdown.js";
import { plain, textObject } from "./mrkdwn.js";
import { richText } from "./rich_text.js";

/** Render a list of blocks. A block of an unknown type is shown by its type name. */
export function blocks(list, surface) {
  return el("div", { class: "blocks" }, (list ?? []).map((block) => drawBlock(block, surface)));
}

function drawBlock(block, surface) {
  const draw = KINDS[block.type];
  try {
    return draw ? draw(block, surface) : unknown(block);
  } catch (error) {
    console.error("cannot draw", block, error);
    return unknown(block);
  }
}

const unknown = (block) => el("div", { class: "unknown" }, `[${block.type}]`);

const KINDS = {
  section,
  header: (block) => el("div", { class: "block header", role: "heading", "aria-level": "3", dir: "auto" }, plain(block.text.text)),
  divider: () => el("hr", { class: "block divider" }),
  context: (block) => el("div", { class: "block context" }, block.elements.map(contextPart)),
  actions: (block, surface) => el("div", { class: "block actions" }, block.elements.map((inner) => element(block, inner, surface))),
  image: (block) =>
    el("figure", { class: "block figure" }, block.title && el("figcaption", {}, plain(block.title.text)), picture(block)),
  rich_text: (block) => el("div", { class: "block", dir: "auto" }, richText(block)),
  markdown: (block) => el("div", { class: "block", dir: "auto" }, markdown(block.text)),
  table,
  data_table: (block) => dataTable(block),
  data_visualization: (block) => chart(block),
  container,
  input: (block, surface) => input(block, surface),
  video: (block) =>
    el("div", { class: "block video" }, link(block.title_url ?? block.video_url, block.title.text), el("p", {}, block.description?.text ?? block.alt_text)),
  alert: (block) => el("div", { class: `block alert ${block.level ?? "default"}`, role: "note" }, textObject(block.text)),
};

function section(block, surface) {
  const text = block.text && el("div", { class: "text", dir: "auto" }, textObject(block.text));
  const folds = text && surface?.fold && !block.expand;
  return el(
    "div",
    { class: block.accessory ? "block section with-accessory" : "block section" },
    el(
      "div",
      { class: "words" },
      folds ? foldable(text, { key: `${surface.fold} ${block.block_id}`, lines: IN_BLOCK }) : text,
      block.fields && el("div", { class: "fields" }, block.fields.map((field) => el("div", { dir: "auto" }, textObject(field)))),
    ),
    block.accessory && el("div", { class: "accessory" }, block.accessory.type === "image" ? picture(block.accessory, true) : element(block, block.accessory, surface)),
  );
}

const contextPart = (part) =>
  part.type === "image" ? picture(part, true) : el("span", { dir: "auto" }, textObject(part));

/** Show the alt text and a link in place of images from other hosts, which are never fetched. */
function picture(image, small = false) {
  const address = safeUrl(image.image_url ?? image.slack_file?.url);
  if (address?.startsWith(`${location.origin}/`)) return el("img", { src: address, alt: image.alt_text, class: small ? "small" : "" });
  const label = el("span", { class: small ? "picture small" : "picture", role: "img", "aria-label": image.alt_text, title: image.alt_text }, icon("picture"));
  return small ? label : fragment(label, el("div", { class: "alt" }, address ? link(address, image.alt_text) : image.alt_text));
}

function table(block) {
  const settings = block.column_settings ?? [];
  const cell = (tag) => (content, index) => {
    const node = el(tag, { class: settings[index]?.is_wrapped ? "" : "tight" }, cellWords(content));
    node.style.textAlign = settings[index]?.align ?? "left";
    return node;
  };
  const [head, ...rows] = block.rows;
  return el(
    "div",
    { class: "block table", tabIndex: 0, role: "group", "aria-label": "Table" },
    el("table", {}, el("thead", {}, el("tr", {}, head.map(cell("th")))), el("tbody", {}, rows.map((row) => el("tr", {}, row.map(cell("td")))))),
  );
}

function container(block, surface) {
  const title = block.rich_text_title ? richText(block.rich_text_title) : plain(block.title.text);
  const head = fragment(el("strong", {}, title), block.subtitle && el("div", { class: "subtitle" }, textObject(block.subtitle)));
  const body = blocks(block.child_blocks, surface);
  if (!block.is_collapsible) return el("div", { class: `block container ${block.width ?? "standard"}`, role: "group" }, head, body);
  return el("details", { class: `block container ${block.width ?? "standard"}`, open: !block.default_collapsed }, el("summary", {}, head), body);
}
