// One analysis of a camera: on or off, its search interval, how long its clips are kept, its options.
import { el } from "./dom.js";
import { numberField, optionField } from "./option_fields.js";
import { PurposeFields } from "./purpose_fields.js";

export class AnalysisPanel {
  /** `known`: how the camera has it, or undefined. `offer`: all of GET /v1/analyses. */
  constructor(analysis, known, camera, offer) {
    this.name = analysis.name;
    this.known = known;
    this.declared = new Set(analysis.options.map((option) => option.name));
    this.box = el("input", { class: "form-check-input", type: "checkbox", name: "analysis", value: analysis.name });
    this.box.checked = Boolean(known);
    this.every = analysis.every_ms === null ? null : numberField(`${this.name}.every_ms`, "Searched every, ms", {
      usual: analysis.every_ms, min: 1, max: offer.every_ms_max, step: 1,
      value: known && known.every_ms !== analysis.every_ms ? known.every_ms : undefined,
    });
    this.kept = numberField(`${this.name}.retention`, "Clips kept for, hours", {
      usual: "as the server is set", min: offer.retention_hours_min, max: offer.retention_hours_max, step: 1,
      value: camera.retention_hours[this.name],
    });
    this.options = new Map(analysis.options.map((option) => [option.name, optionField(`${this.name}.options.${option.name}`, option, known?.options[option.name])]));
    this.purpose = analysis.purpose ? new PurposeFields(this.name, analysis.purpose, camera[analysis.purpose]) : null;
    const note = known ? camera.notes[this.name] : analysis.note;
    const why = note ? el("p", { class: "alert alert-warning small mb-0", "data-note": this.name }, note) : null;
    const fields = el("div", { class: "vstack gap-3" }, why, this.purpose?.element, el("div", { class: "row row-cols-1 row-cols-sm-2 g-3" }, this.every?.element, this.kept.element), ...[...this.options.values()].map((field) => field.element));
    this.element = el(
      "section",
      { class: "card card-body gap-3", "data-analysis": this.name },
      el("label", { class: "form-check mb-0" }, this.box, el("strong", {}, analysis.title), " ", el("small", { class: "d-block text-body-secondary" }, analysis.help)),
      el("small", { class: "field-problem text-danger-emphasis", role: "alert", "data-path": `${this.name}.name`, hidden: true }),
      fields,
    );
    const update = () => { fields.hidden = !this.box.checked; };
    this.box.addEventListener("change", update);
    update();
  }

  get isOn() {
    return this.box.checked;
  }

  /** As the API takes it. What is not declared, and was set by the API, stays. Throws FieldError. */
  read() {
    const options = Object.fromEntries(Object.entries(this.known?.options ?? {}).filter(([name]) => !this.declared.has(name)));
    for (const [name, field] of this.options) {
      const value = field.read();
      if (value !== undefined) options[name] = value;
    }
    const every_ms = this.every?.read();
    return { name: this.name, ...(every_ms === undefined ? {} : { every_ms }), options };
  }

  /** The purpose as the API takes it, where it was stated or changed. */
  purposeBody() {
    return this.isOn && this.purpose ? this.purpose.read() : {};
  }

  retentionHours() {
    return this.kept.read();
  }
}
