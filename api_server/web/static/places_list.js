// Zones and lines as numbers: everything that the pointer does can be typed.
import { byId, el } from "./dom.js";

const shown = (part) => String(Number((part * 100).toFixed(2)));

export class PlacesList {
  constructor(list, places) {
    this.list = list;
    this.places = places;
    this.structure = null;
    this.rows = new Map();
  }

  render() {
    const { places } = this;
    const structure = JSON.stringify([places.selected, places.items.map((one) => [one.key, one.points.length])]);
    if (structure !== this.structure) this.#build();
    this.structure = structure;
    for (const item of places.items) this.#fill(item);
    byId("no-places").hidden = places.items.length > 0;
  }

  /** Show a problem at a place, or clear them all. */
  tell(item, words) {
    const line = this.rows.get(item.key)?.problem;
    if (!line) return;
    line.textContent = line.hidden ? words : `${line.textContent}; ${words}`;
    line.hidden = false;
  }

  clearProblems() {
    for (const { problem } of this.rows.values()) problem.hidden = true;
  }

  #build() {
    const told = new Map([...this.rows].map(([key, { problem }]) => [key, problem]));
    const focused = document.activeElement?.dataset?.field;
    const focusedKey = document.activeElement?.closest?.("[data-place]")?.dataset.place;
    this.rows.clear();
    this.list.replaceChildren(...this.places.items.map((item) => this.#row(item, told.get(item.key))));
    if (focused) this.list.querySelector(`[data-place="${focusedKey}"] [data-field="${focused}"]`)?.focus();
  }

  #row(item, known) {
    const isSelected = item.key === this.places.selected;
    const fields = { coordinates: [] };
    fields.name = el("input", { class: "form-control form-control-sm", maxlength: 40, "data-field": "name", oninput: () => this.places.set(item, { name: fields.name.value }) });
    const problem = known ?? el("small", { class: "field-problem text-danger-emphasis", hidden: true });
    const head = el(
      "div",
      { class: "hstack align-items-end gap-2" },
      el("label", { class: "form-label flex-fill" }, item.kind === "zone" ? "Zone" : "Line", fields.name),
      item.kind === "zone" ? this.#dwell(item, fields) : null,
      el("button", { type: "button", class: "btn btn-sm btn-outline-danger", "aria-label": `Delete ${item.name}`, onclick: () => this.places.remove(item) }, "Delete"),
    );
    const open = el("button", { type: "button", class: "btn btn-sm btn-link align-self-start p-0", "data-field": "open", onclick: () => this.places.select(isSelected ? null : item.key), "aria-expanded": String(isSelected) }, isSelected ? "Hide numbers" : "Numbers");
    const row = el("li", { class: `card card-body gap-2 place-row${isSelected ? " selected" : ""}`, "data-place": item.key }, head, problem, isSelected ? this.#points(item, fields) : null, open);
    this.rows.set(item.key, { fields, problem });
    return row;
  }

  #dwell(item, fields) {
    fields.dwell = el("input", {
      class: "form-control form-control-sm", type: "number", min: 0.1, max: 300, step: "any", placeholder: "not reported", "data-field": "dwell",
      oninput: () => this.places.set(item, { dwell_s: fields.dwell.value === "" ? null : Number(fields.dwell.value) }),
    });
    return el("label", { class: "form-label flex-fill" }, "Longer than, s", fields.dwell);
  }

  #points(item, fields) {
    const words = (n) => (item.kind === "zone" ? `Corner ${n + 1}` : `End ${"ab"[n]}`);
    const rows = item.points.map((_, n) => {
      const inputs = ["x", "y"].map((axis, which) =>
        el("input", {
          class: "form-control form-control-sm", type: "number", min: 0, max: 100, step: "any", required: true, "data-field": `${axis}${n}`,
          "aria-label": `${words(n)}, ${axis === "x" ? "across" : "down"}, percent`,
          oninput: (event) => {
            if (event.target.value === "" || !event.target.validity.valid) return;
            const point = [...item.points[n]];
            point[which] = Number(event.target.value) / 100;
            this.places.move(item, n, ...point);
          },
        }),
      );
      fields.coordinates.push(inputs);
      return el(
        "tr",
        {},
        el("th", { scope: "row" }, words(n)),
        ...inputs.map((input) => el("td", {}, input)),
        item.kind === "zone"
          ? el("td", {}, el("div", { class: "btn-group btn-group-sm" },
              el("button", { type: "button", class: "btn btn-outline-secondary", disabled: !this.places.canGrow(item), onclick: () => this.places.addPoint(item, n), "aria-label": `Add a corner after ${n + 1}`, title: "Add a corner after this one" }, "+"),
              el("button", { type: "button", class: "btn btn-outline-secondary", disabled: !this.places.canShrink(item), onclick: () => this.places.removePoint(item, n), "aria-label": `Remove corner ${n + 1}`, title: "Remove this corner" }, "−")))
          : null,
      );
    });
    const head = el("tr", {}, el("th", {}, ""), el("th", {}, "Across, %"), el("th", {}, "Down, %"), item.kind === "zone" ? el("th", {}, "") : null);
    return el("table", { class: "points table table-sm align-middle" }, el("thead", {}, head), el("tbody", {}, ...rows));
  }

  #fill(item) {
    const { fields } = this.rows.get(item.key);
    write(fields.name, item.name);
    if (fields.dwell) write(fields.dwell, item.dwell_s === null ? "" : String(item.dwell_s));
    fields.coordinates.forEach((inputs, n) => inputs.forEach((input, which) => write(input, shown(item.points[n][which]))));
  }
}

/** Not into a field that somebody is typing in. */
function write(input, value) {
  if (document.activeElement !== input && input.value !== value) input.value = value;
}
