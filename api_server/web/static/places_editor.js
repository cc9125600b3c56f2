// Drawing zones and lines over a picture: by pointer, or with the keyboard on their corners.

const SVG = "http://www.w3.org/2000/svg";
const HANDLE_PX = 7;
const NEAR_PX = 12;
const STEP = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const FINE = 0.002;
const COARSE = 0.02;
/** Where a shape begins that is made by the keyboard. */
const IN_THE_MIDDLE = {
  zone: [[0.3, 0.3], [0.7, 0.3], [0.7, 0.7], [0.3, 0.7]],
  line: [[0.5, 0.2], [0.5, 0.8]],
};

function shape(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

const percent = (part) => `${Number((part * 100).toFixed(1))} %`;

export class PlacesEditor {
  /** `drawing(kind)`: called when drawing begins, and with null when it ends. */
  constructor(svg, places, drawing) {
    this.svg = svg;
    this.places = places;
    this.drawing = drawing;
    this.width = 640;
    this.height = 480;
    this.draft = null;
    this.cursor = null;
    this.drag = null;
    svg.tabIndex = 0;
    svg.addEventListener("pointerdown", (event) => this.#press(event));
    svg.addEventListener("pointermove", (event) => this.#moved(event));
    svg.addEventListener("pointerup", () => { this.drag = null; });
    svg.addEventListener("pointercancel", () => { this.drag = null; });
    svg.addEventListener("click", (event) => this.#click(event));
    svg.addEventListener("dblclick", () => this.#finishZone());
    svg.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.render()).observe(svg);
  }

  /** The picture below is so large: places lie in parts of it. */
  setSize(width, height) {
    if (width === this.width && height === this.height) return;
    this.width = width;
    this.height = height;
    this.render();
  }

  begin(kind) {
    this.draft = { kind, points: [] };
    this.cursor = null;
    this.places.select(null);
    this.drawing(kind);
    this.svg.focus();
    this.render();
  }

  cancel() {
    this.draft = null;
    this.cursor = null;
    this.drawing(null);
    this.render();
  }

  render() {
    const { svg, places } = this;
    const focused = document.activeElement?.closest?.("#places [data-n]");
    svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    svg.classList.toggle("drawing", this.draft !== null);
    const unit = 1 / (svg.getScreenCTM()?.a || 1);
    const ordered = places.items.toSorted((a, b) => (a.key === places.selected) - (b.key === places.selected));
    svg.replaceChildren(...ordered.flatMap((item) => this.#shapes(item, unit)), ...this.#draftShapes(unit));
    if (focused) svg.querySelector(`[data-key="${focused.dataset.key}"][data-n="${focused.dataset.n}"]`)?.focus();
  }

  #shapes(item, unit) {
    const isSelected = item.key === this.places.selected;
    const at = this.#pixels(item.points);
    const common = { class: `place ${item.kind}${isSelected ? " selected" : ""}`, "data-key": item.key };
    const points = at.map((one) => one.join()).join(" ");
    const outline = item.kind === "zone" ? shape("polygon", { ...common, points }) : shape("polyline", { ...common, points });
    const [x, y] = at.toSorted((a, b) => a[1] - b[1])[0];
    const size = 14 * unit;
    const words = shape("text", { class: "place-name", x: Math.min(x, this.width - size * 4), y: Math.max(size * 1.2, y - size * 0.7), "font-size": size }, item.name);
    const ends = item.kind === "line" ? at.map(([ex, ey], n) => shape("text", { class: "place-name", x: ex + size * 0.7, y: ey + size * 0.4, "font-size": size }, "ab"[n])) : [];
    return [outline, words, ...ends, ...(isSelected ? at.map((one, n) => this.#handle(item, one, n, unit)) : [])];
  }

  #handle(item, [cx, cy], n, unit) {
    const [x, y] = item.points[n];
    const label = `${item.kind === "zone" ? `Corner ${n + 1}` : `End ${"ab"[n]}`} of ${item.name}: ${percent(x)} across, ${percent(y)} down. Arrow keys move it.`;
    return shape("circle", { class: "handle", cx, cy, r: HANDLE_PX * unit, tabindex: 0, role: "button", "aria-label": label, "data-key": item.key, "data-n": n });
  }

  #draftShapes(unit) {
    if (!this.draft) return [];
    const points = this.#pixels(this.cursor ? [...this.draft.points, this.cursor] : this.draft.points);
    const dots = this.#pixels(this.draft.points).map(([cx, cy]) => shape("circle", { class: "dot", cx, cy, r: HANDLE_PX * 0.6 * unit }));
    return [shape("polyline", { class: "place draft", points: points.map((one) => one.join()).join(" ") }), ...dots];
  }

  #pixels(points) {
    return points.map(([x, y]) => [x * this.width, y * this.height]);
  }

  #place(event) {
    const matrix = this.svg.getScreenCTM();
    if (!matrix) return null;
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    return [Math.min(1, Math.max(0, x / this.width)), Math.min(1, Math.max(0, y / this.height))];
  }

  /** In pixels of the screen. */
  #distance([ax, ay], [bx, by]) {
    const scale = this.svg.getScreenCTM()?.a || 1;
    return Math.hypot((ax - bx) * this.width, (ay - by) * this.height) * scale;
  }

  #press(event) {
    if (this.draft || event.button !== 0) return;
    const key = Number(event.target.dataset.key) || null;
    const n = event.target.dataset.n;
    if (key !== null && n !== undefined) {
      this.drag = { key, n: Number(n) };
      this.svg.setPointerCapture(event.pointerId);
      event.target.focus();
      event.preventDefault();
    } else {
      this.places.select(key);
    }
  }

  #moved(event) {
    const at = this.#place(event);
    if (!at) return;
    if (this.draft) {
      this.cursor = at;
      this.render();
    } else if (this.drag) {
      const item = this.places.find(this.drag.key);
      if (item) this.places.move(item, this.drag.n, ...at);
    }
  }

  #click(event) {
    const at = this.#place(event);
    if (!this.draft || !at) return;
    const { kind, points } = this.draft;
    if (kind === "zone" && points.length >= 3 && this.#distance(at, points[0]) < NEAR_PX) {
      this.#finish();
      return;
    }
    if (points.length > 0 && this.#distance(at, points.at(-1)) < NEAR_PX / 2) return;
    points.push(at);
    if (kind === "line" && points.length === 2) this.#finish();
    else this.render();
  }

  #finishZone() {
    if (this.draft?.kind === "zone" && this.draft.points.length >= 3) this.#finish();
  }

  #finish() {
    const { kind, points } = this.draft;
    this.cancel();
    this.places.add(kind, points);
  }

  #key(event) {
    if (this.draft) this.#draftKey(event);
    else this.#handleKey(event);
  }

  #draftKey(event) {
    if (event.key === "Escape") this.cancel();
    else if (event.key === "Backspace") this.draft.points.pop();
    else if (event.key === "Enter" && this.draft.points.length === 0) {
      this.draft.points = IN_THE_MIDDLE[this.draft.kind].map((one) => [...one]);
      this.#finish();
    } else if (event.key === "Enter") this.#finishZone();
    else return;
    event.preventDefault();
    this.render();
  }

  #handleKey(event) {
    const { key, n } = event.target.dataset;
    const item = this.places.find(Number(key));
    if (!item || n === undefined) return;
    const [x, y] = item.points[Number(n)];
    const way = STEP[event.key];
    if (way) {
      const step = event.shiftKey ? COARSE : FINE;
      this.places.move(item, Number(n), x + way[0] * step, y + way[1] * step);
    } else if (event.key === "Delete") this.places.removePoint(item, Number(n));
    else return;
    event.preventDefault();
  }
}
