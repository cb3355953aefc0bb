// Icons as SVG paths: 20 by 20, one stroke.

const PATHS = {
  plus: "M10 4v12M4 10h12",
  bolt: "M11 2.5 4.5 11.5h5L9 17.5l6.5-9h-5z",
  smile: "M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15zM6.8 11.5c.7 1.6 1.9 2.3 3.2 2.3s2.5-.7 3.2-2.3M7.5 8v.2M12.5 8v.2",
  at: "M13.2 10a3.2 3.2 0 1 1-6.4 0 3.2 3.2 0 0 1 6.4 0zm0 0v1.2a2.1 2.1 0 0 0 4.2 0V10a7.4 7.4 0 1 0-3 6",
  close: "M5 5l10 10M15 5 5 15",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  more: "M4 10h.6M9.7 10h.6M15.4 10h.6",
  thread: "M3 4.5h14v9.5h-7l-3.5 3v-3H3zM6.5 8h7M6.5 10.8h4.5",
  pin: "M7.5 3h5l-.6 5 2.6 2.5v1.5h-9v-1.5L8.1 8zM10 12v5.5",
  lock: "M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9",
  link: "M8.5 11.5a3 3 0 0 0 4.3 0l3-3a3 3 0 0 0-4.3-4.3l-1 1M11.5 8.5a3 3 0 0 0-4.3 0l-3 3a3 3 0 0 0 4.3 4.3l1-1",
  file: "M5 2.5h6.5L15 6v11.5H5zM11.5 2.5V6H15",
  eye: "M2 10s3-5.5 8-5.5S18 10 18 10s-3 5.5-8 5.5S2 10 2 10zM10 12.3a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6z",
  send: "M3 3.5 17.5 10 3 16.5 5 10.5 11.5 10 5 9.5z",
  down: "M10 4v12M5 11l5 5 5-5",
  picture: "M3 4h14v12H3zM3 13.5l4-4 3.5 3.5 2.5-2.5 4 3.5M12.5 7.5h.1",
  hash: "M8 3 6.5 17M13.5 3 12 17M4 7.5h13M3 12.5h13",
  search: "M9 15a6 6 0 1 0 0-12 6 6 0 0 0 0 12zM13.5 13.5l4 4",
  gauge: "M3.5 14.5a7 7 0 1 1 13 0M10 12l3.5-4",
};
const SPACE = "http://www.w3.org/2000/svg";

export function icon(name, more = "") {
  const svg = document.createElementNS(SPACE, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `ico ${more}`);
  const path = document.createElementNS(SPACE, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
