// Zones and lines of a camera, in parts of the picture: what the editor and the list of numbers both change.

const POINTS_MAX = 32;
const DIGITS = 4;

const round = (value) => Number(Math.min(1, Math.max(0, value)).toFixed(DIGITS));

export class Places {
  /** `changed(isDrawn)`: called after every change; false when only the selection changed. */
  constructor(changed) {
    this.changed = changed;
    this.items = [];
    this.selected = null;
    this.nextKey = 1;
  }

  load({ zones, lines }) {
    this.items = [
      ...zones.map((zone) => this.#item("zone", zone.name, zone.points, zone.dwell_s)),
      ...lines.map((line) => this.#item("line", line.name, [line.a, line.b], null)),
    ];
    this.selected = null;
    this.changed(false);
  }

  /** As the API takes them. */
  body() {
    return {
      zones: this.#of("zone").map(({ name, points, dwell_s }) => ({ name, points, dwell_s })),
      lines: this.#of("line").map(({ name, points }) => ({ name, a: points[0], b: points[1] })),
    };
  }

  /** The place that the body's `zones[n]` or `lines[n]` came from. */
  at(list, n) {
    return this.#of(list === "zones" ? "zone" : "line")[n];
  }

  add(kind, points) {
    const item = this.#item(kind, this.#freeName(kind), points, null);
    this.items.push(item);
    this.selected = item.key;
    this.changed(true);
    return item;
  }

  remove(item) {
    this.items = this.items.filter((one) => one !== item);
    if (this.selected === item.key) this.selected = null;
    this.changed(true);
  }

  select(key) {
    if (this.selected === key) return;
    this.selected = key;
    this.changed(false);
  }

  find(key) {
    return this.items.find((one) => one.key === key);
  }

  set(item, fields) {
    Object.assign(item, fields);
    this.changed(true);
  }

  move(item, n, x, y) {
    item.points[n] = [round(x), round(y)];
    this.changed(true);
  }

  /** A new corner, halfway between corner `n` and the next. */
  addPoint(item, n) {
    if (!this.canGrow(item)) return;
    const [[ax, ay], [bx, by]] = [item.points[n], item.points[(n + 1) % item.points.length]];
    item.points.splice(n + 1, 0, [round((ax + bx) / 2), round((ay + by) / 2)]);
    this.changed(true);
  }

  removePoint(item, n) {
    if (!this.canShrink(item)) return;
    item.points.splice(n, 1);
    this.changed(true);
  }

  canGrow = (item) => item.kind === "zone" && item.points.length < POINTS_MAX;
  canShrink = (item) => item.kind === "zone" && item.points.length > 3;

  #of(kind) {
    return this.items.filter((one) => one.kind === kind);
  }

  #item(kind, name, points, dwell_s) {
    return { key: this.nextKey++, kind, name, points: points.map(([x, y]) => [round(x), round(y)]), dwell_s };
  }

  #freeName(kind) {
    const taken = new Set(this.items.map((one) => one.name));
    let n = 1;
    while (taken.has(`${kind} ${n}`)) n += 1;
    return `${kind} ${n}`;
  }
}
