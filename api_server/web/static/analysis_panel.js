// One analysis of a camera: on or off, its search interval, how long its clips are kept, its options.
import { el } from "./dom.js";
import { numberField, optionField } from "./option_fields.js";

export class AnalysisPanel {
  /** `known`: how the camera has it, or undefined. `offer`: all of GET /v1/analyses. */
  constructor(analysis, known, camera, offer) {
    this.name = analysis.name;
    this.known = known;
    this.declared = new Set(analysis.options.map((option) => option.name));
    const needsPurpose = analysis.name === "emotion" && !camera.emotion_purpose;
    this.box = el("input", { type: "checkbox", name: "analysis", value: analysis.name, disabled: needsPurpose && !known });
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
    const fields = el("div", { class: "stack" }, el("div", { class: "row" }, this.every?.element, this.kept.element), ...[...this.options.values()].map((field) => field.element));
    const why = needsPurpose && !known ? el("p", { class: "small" }, "State its purpose first, in the ", el("a", { href: `/cameras/${camera.id}` }, "camera's settings"), ".") : null;
    this.element = el(
      "section",
      { class: "panel stack", "data-analysis": this.name },
      el("label", { class: "choice" }, this.box, el("span", {}, el("strong", {}, analysis.title), el("small", { class: "muted" }, analysis.help))),
      why,
      el("small", { class: "field-problem", role: "alert", "data-path": `${this.name}.name`, hidden: true }),
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

  retentionHours() {
    return this.kept.read();
  }
}
