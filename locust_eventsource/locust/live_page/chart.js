/* A line chart over time, drawn as SVG. Read it with the pointer, or with the arrow keys when it has the focus. */
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const INKS = ["one", "two", "three", "four"];
const MARGIN = { left: 58, right: 10, top: 8, bottom: 20 };
const HEIGHT = 190;

function drawn(name, attributes, text) {
  const node = document.createElementNS(SVG, name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  if (text !== undefined) node.textContent = text;
  return node;
}

function made(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

/* Round values of an axis: powers of ten where it is logarithmic, else up to five even steps. */
function ticks(low, high, logarithmic) {
  const found = [];
  if (logarithmic) {
    for (let at = Math.floor(Math.log10(low)); at <= Math.ceil(Math.log10(high)); at++) found.push(10 ** at);
    return found;
  }
  const rough = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
  for (let at = Math.ceil(low / step) * step; at <= high + step / 1e6; at += step) found.push(at);
  return found;
}

class Chart {
  /* figure: where it stands; title; names: of the lines; say(value): a figure in words; logarithmic: the axis. */
  constructor(figure, { title, names, say, logarithmic = false, whole = false }) {
    Object.assign(this, { title, names, say, logarithmic, whole, rows: [], at: null, from: 0, to: 1 });
    const caption = figure.appendChild(made("figcaption"));
    caption.appendChild(made("b", "", title));
    names.forEach((name, index) => {
      const item = caption.appendChild(made("i"));
      const key = item.appendChild(drawn("svg", { viewBox: "0 0 24 8", "aria-hidden": "true" }));
      key.appendChild(drawn("path", { d: "M0 4H24", class: `line ${INKS[index]}` }));
      item.appendChild(document.createTextNode(name));
    });
    this.plot = figure.appendChild(drawn("svg", { class: "plot", role: "img", tabindex: "0" }));
    this.reading = figure.appendChild(made("p", "reading muted"));
    this.reading.setAttribute("role", "status");
    this.plot.addEventListener("pointermove", (event) => this.point(event));
    this.plot.addEventListener("pointerdown", (event) => this.point(event));
    this.plot.addEventListener("pointerleave", () => this.move(null));
    this.plot.addEventListener("keydown", (event) => this.key(event));
    this.plot.addEventListener("blur", () => this.move(null));
    new ResizeObserver(() => this.draw()).observe(figure);
  }

  /* rows: [seconds since the start, value or null for each line ...], in order; from, to: the ends of the axis. */
  show(rows, from, to) {
    const kept = this.at === null ? null : this.rows[this.at] && this.rows[this.at][0];
    Object.assign(this, { rows, from, to: Math.max(to, from + 1) });
    const same = kept === null ? -1 : rows.findIndex((row) => row[0] === kept);
    this.at = same < 0 ? null : same;
    this.draw();
  }

  scales() {
    const values = this.rows.flatMap((row) => row.slice(1)).filter((value) => value !== null && isFinite(value));
    const above = Math.max(...values, this.logarithmic ? 1 : 0);
    let low = 0;
    let high = above || 1;
    if (this.logarithmic) {
      low = 10 ** Math.floor(Math.log10(Math.max(1, Math.min(...values, above))));
      high = Math.max(10 ** Math.ceil(Math.log10(above)), low * 10);
    }
    const width = this.width - MARGIN.left - MARGIN.right;
    const height = HEIGHT - MARGIN.top - MARGIN.bottom;
    const share = (value) =>
      this.logarithmic ? Math.log10(Math.max(value, low) / low) / Math.log10(high / low) : value / high;
    return {
      low,
      high,
      x: (at) => MARGIN.left + ((at - this.from) / (this.to - this.from)) * width,
      y: (value) => MARGIN.top + (1 - share(value)) * height,
    };
  }

  draw() {
    this.width = this.plot.clientWidth || 300;
    this.plot.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.plot.replaceChildren();
    if (!this.rows.length) {
      this.plot.appendChild(drawn("text", { x: MARGIN.left, y: HEIGHT / 2 }, "nothing yet"));
      this.plot.setAttribute("aria-label", `${this.title}: nothing yet`);
      return;
    }
    const scales = this.scales();
    this.axes(scales);
    this.names.forEach((_, line) => this.line(scales, line));
    this.read(scales);
    this.plot.setAttribute("aria-label", `${this.title} over time; last: ${this.told(this.rows[this.rows.length - 1])}`);
  }

  axes({ low, high, x, y }) {
    for (const value of ticks(low, high, this.logarithmic)) {
      if (value < low || value > high || (this.whole && value % 1)) continue;
      this.plot.appendChild(
        drawn("line", { class: "grid", x1: MARGIN.left, x2: this.width - MARGIN.right, y1: y(value), y2: y(value) }),
      );
      const text = { x: MARGIN.left - 7, y: y(value) + 4, "text-anchor": "end" };
      this.plot.appendChild(drawn("text", text, this.say(value)));
    }
    for (const at of ticks(this.from, this.to, false)) {
      const anchor = x(at) > this.width - 40 ? "end" : x(at) < MARGIN.left + 15 ? "start" : "middle";
      this.plot.appendChild(drawn("text", { x: x(at), y: HEIGHT - 4, "text-anchor": anchor }, clock(at)));
    }
  }

  /* One line; it stops where nothing was measured, and a point alone is a dot. */
  line({ x, y }, line) {
    let path = "";
    let alone = null;
    let before = null;
    for (const row of [...this.rows, null]) {
      const value = row && row[line + 1];
      const gone = value === null || value === undefined || !isFinite(value);
      if (gone || (before && row[0] - before[0] > this.gap)) {
        if (alone) this.plot.appendChild(drawn("circle", { ...alone, r: 2, class: INKS[line] }));
        alone = null;
      }
      if (gone) {
        before = null;
        continue;
      }
      const joined = before && row[0] - before[0] <= this.gap;
      path += `${joined ? "L" : "M"}${x(row[0]).toFixed(1)} ${y(value).toFixed(1)}`;
      alone = joined ? null : { cx: x(row[0]), cy: y(value) };
      before = row;
    }
    this.plot.appendChild(drawn("path", { class: `line ${INKS[line]}`, d: path || "M0 0" }));
  }

  read({ x, y }) {
    const row = this.at === null ? null : this.rows[this.at];
    this.reading.textContent = row ? `${clock(row[0])}: ${this.told(row)}` : "";
    if (!row) return;
    const across = { x1: x(row[0]), x2: x(row[0]), y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom };
    this.plot.appendChild(drawn("line", { class: "cursor", ...across }));
    row.slice(1).forEach((value, line) => {
      if (value === null || !isFinite(value)) return;
      this.plot.appendChild(drawn("circle", { cx: x(row[0]), cy: y(value), r: 3, class: INKS[line] }));
    });
  }

  told(row) {
    const parts = this.names.map((name, line) => (row[line + 1] === null ? null : `${name} ${this.say(row[line + 1])}`));
    return parts.filter((part) => part !== null).join(", ");
  }

  move(at) {
    this.at = at;
    this.draw();
  }

  point(event) {
    const box = this.plot.getBoundingClientRect();
    const share = (event.clientX - box.left - MARGIN.left) / (box.width - MARGIN.left - MARGIN.right);
    const at = this.from + share * (this.to - this.from);
    let best = null;
    this.rows.forEach((row, index) => {
      if (best === null || Math.abs(row[0] - at) < Math.abs(this.rows[best][0] - at)) best = index;
    });
    this.move(best);
  }

  key(event) {
    const last = this.rows.length - 1;
    const from = this.at === null ? last + 1 : this.at;
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: last, Escape: null }[event.key];
    if (to === undefined || last < 0) return;
    event.preventDefault();
    this.move(to === null ? null : Math.min(last, Math.max(0, to)));
  }
}

/* Seconds since the start of the run: 42 s, 3:07, 1:02:03. */
function clock(at) {
  const seconds = Math.round(at);
  if (seconds < 60) return `${seconds} s`;
  const two = (value) => String(value).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const rest = two(seconds % 60);
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}
