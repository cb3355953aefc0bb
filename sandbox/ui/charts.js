// Render data_visualization blocks as SVG: bars, lines, areas and pies, with a legend and the values as a table for screen readers.

import { el } from "./dom.js";

const NS = "http://www.w3.org/2000/svg";
let WIDTH = 560; // in the picture's own units: fewer on a telephone, so that letters stay as large
const HEIGHT = 240;
const LEFT = 46;
const RIGHT = 8;
const TOP = 10;
const BOTTOM = 34;
const COLOURS = 12;

export function chart(block) {
  WIDTH = Math.max(260, Math.min(560, window.innerWidth - 90));
  const { chart: data, title } = block;
  const draw = data.type === "pie" ? pie : withAxes;
  const names = data.type === "pie" ? data.segments.map((segment) => segment.label) : data.series.map((series) => series.name);
  return el(
    "figure",
    { class: "block chart" },
    el("figcaption", {}, title),
    draw(data, title),
    el("ul", { class: "legend", "aria-hidden": "true" }, names.map((name, index) => el("li", {}, el("i", { class: `series-${index % COLOURS}` }), name))),
    values(data, title),
  );
}

function svg(tag, attributes, ...children) {
  const node = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children.flat().filter(Boolean));
  return node;
}

const frame = (title, ...children) => svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title }, ...children);
const words = (text, attributes) => svg("text", attributes, String(text));

function withAxes(data, title) {
  const { categories, x_label: xLabel, y_label: yLabel } = data.axis_config;
  const all = data.series.flatMap((series) => series.data.map((point) => point.value));
  const low = Math.min(0, ...all);
  const ticks = scale(low, Math.max(...all, low + 1));
  const [bottom, top] = [ticks[0], ticks[ticks.length - 1]];
  const step = (WIDTH - LEFT - RIGHT) / categories.length;
  const x = (index) => LEFT + step * (index + 0.5);
  const y = (value) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - bottom) / (top - bottom));
  const short = step < 80 && categories.length < 7 ? categories.map((label) => label.replace(/ \(.*\)$/, "")) : categories;
  const room = Math.max(40, ...short.map((label) => label.length * 5.6));
  const every = Math.ceil(room / step);
  const series = data.series.map((one) => categories.map((label) => one.data.find((point) => point.label === label).value));
  return frame(
    title,
    ticks.map((tick) => svg("g", { class: "tick" }, svg("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(tick), y2: y(tick) }), words(tick, { x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" }))),
    short.map((label, index) => index % every === 0 && words(label, { x: x(index), y: HEIGHT - BOTTOM + 15, "text-anchor": "middle" })),
    data.type === "bar" ? bars(series, categories, data.series, x, y, step) : series.map((row, index) => path(row, index, data, x, y)),
    xLabel && words(xLabel, { x: LEFT + (WIDTH - LEFT) / 2, y: HEIGHT - 3, "text-anchor": "middle", class: "axis" }),
    yLabel && words(yLabel, { x: 10, y: HEIGHT / 2, "text-anchor": "middle", class: "axis", transform: `rotate(-90 10 ${HEIGHT / 2})` }),
  );
}

function bars(series, categories, named, x, y, step) {
  const width = Math.min(28, (step * 0.8) / series.length);
  return series.flatMap((row, index) =>
    row.map((value, at) => {
      const left = x(at) + (index - series.length / 2) * width;
      const bar = svg("rect", { x: left, width: Math.max(1, width - 1), y: Math.min(y(value), y(0)), height: Math.abs(y(value) - y(0)), class: `series-${index % COLOURS}` });
      bar.append(svg("title", {}, `${named[index].name}, ${categories[at]}: ${value}`));
      return bar;
    }),
  );
}

function path(row, index, data, x, y) {
  const points = row.map((value, at) => `${x(at)},${y(value)}`).join(" ");
  const shade = data.type === "area" && svg("polygon", { points: `${x(0)},${y(0)} ${points} ${x(row.length - 1)},${y(0)}`, class: `series-${index % COLOURS} shade` });
  const dots = row.map((value, at) => svg("circle", { cx: x(at), cy: y(value), r: 3, class: `series-${index % COLOURS}` }, svg("title", {}, `${data.series[index].name}: ${value}`)));
  return svg("g", {}, shade, svg("polyline", { points, class: `series-${index % COLOURS} stroke` }), dots);
}

/** Four or so round ticks that enclose both values. */
function scale(low, high) {
  const raw = (high - low) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw) * power;
  const first = Math.floor(low / step);
  const last = Math.ceil(high / step);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(6)));
}

function pie(data, title) {
  const whole = data.segments.reduce((sum, segment) => sum + segment.value, 0);
  const [cx, cy, radius] = [WIDTH / 2, HEIGHT / 2, HEIGHT / 2 - 12];
  let turned = 0;
  return frame(
    title,
    data.segments.map((segment, index) => {
      const share = segment.value / whole;
      const [from, to] = [turned, turned + share];
      turned = to;
      const label = svg("title", {}, `${segment.label}: ${segment.value} (${Math.round(share * 100)} %)`);
      if (share > 0.999) return svg("circle", { cx, cy, r: radius, class: `series-${index % COLOURS}` }, label);
      const at = (turn) => `${cx + radius * Math.sin(2 * Math.PI * turn)},${cy - radius * Math.cos(2 * Math.PI * turn)}`;
      return svg("path", { d: `M${cx},${cy} L${at(from)} A${radius},${radius} 0 ${share > 0.5 ? 1 : 0} 1 ${at(to)} Z`, class: `series-${index % COLOURS}` }, label);
    }),
  );
}

function values(data, title) {
  if (data.type === "pie") return el("table", { class: "sr" }, el("caption", {}, title), data.segments.map(({ label, value }) => el("tr", {}, el("th", {}, label), el("td", {}, String(value)))));
  const head = el("tr", {}, el("td", {}, ""), data.axis_config.categories.map((label) => el("th", { scope: "col" }, label)));
  return el("table", { class: "sr" }, el("caption", {}, title), head,
    data.series.map((series) => el("tr", {}, el("th", { scope: "row" }, series.name), series.data.map((point) => el("td", {}, String(point.value))))));
}
