// Render data_table blocks: sortable columns, and pages of rows.

import { button, el, fill } from "./dom.js";
import { richText } from "./rich_text.js";

const PAGE = 5; // rows, as in Slack

export function cellWords(cell) {
  if (cell.type === "rich_text") return richText(cell);
  return String(cell.text ?? cell.value ?? "");
}

export function dataTable(block) {
  const [head, ...rows] = block.rows;
  const size = block.page_size ?? PAGE;
  const rowHeader = block.row_header_column_index ?? 0;
  const node = el("div", { class: "block data-table" });
  let sorted = rows;
  let by = null; // {column, descending}
  let first = 0;
  draw();
  return node;

  function draw(focus) {
    const pages = Math.ceil(rows.length / size);
    fill(
      node,
      el("div", { class: "scroll", tabIndex: 0, role: "group", "aria-label": block.caption },
        el("table", {}, el("caption", {}, block.caption), el("thead", {}, el("tr", {}, head.map(heading))), el("tbody", {}, sorted.slice(first, first + size).map(row)))),
      pages > 1 &&
        el("div", { class: "pager" },
          button("Previous", () => turn(-size), { class: "plain", disabled: first === 0, data: { key: "previous" } }),
          el("span", { "aria-live": "polite" }, `${first + 1}–${Math.min(first + size, rows.length)} of ${rows.length}`),
          button("Next", () => turn(size), { class: "plain", disabled: first + size >= rows.length, data: { key: "next" } })),
    );
    if (focus) node.querySelector(`[data-key="${focus}"]`)?.focus();
  }

  function heading(cell, column) {
    const state = by?.column === column ? (by.descending ? "descending" : "ascending") : undefined;
    const numbers = rows.every((cells) => cells[column].type === "raw_number");
    return el("th", { scope: "col", class: numbers ? "number" : "", "aria-sort": state },
      button([cellWords(cell), state && (by.descending ? " ↓" : " ↑")].filter(Boolean).join(""), () => sort(column), { data: { key: `sort-${column}` } }));
  }

  function row(cells) {
    return el("tr", {}, cells.map((cell, column) =>
      el(column === rowHeader ? "th" : "td", { scope: column === rowHeader ? "row" : undefined, class: cell.type === "raw_number" ? "number" : "", dir: "auto" }, cellWords(cell))));
  }

  function sort(column) {
    by = { column, descending: by?.column === column && !by.descending };
    const way = by.descending ? -1 : 1;
    const numbers = rows.every((cells) => cells[column].type === "raw_number");
    const value = (cells) => (numbers ? cells[column].value : el("div", {}, cellWords(cells[column])).textContent);
    sorted = [...rows].sort((a, b) => way * (numbers ? value(a) - value(b) : value(a).localeCompare(value(b))));
    first = 0;
    draw(`sort-${column}`);
  }

  function turn(by_) {
    first += by_;
    draw(by_ < 0 ? "previous" : "next");
  }
}
