// Why, and until when, people are analysed: what a purpose is called and asked for, for each analysis that needs one.
import { el } from "./dom.js";
import { problemLine } from "./option_fields.js";

const MONTH_MS = 30 * 24 * 3600 * 1000;
const GATES = {
  emotion: {
    legend: "Purpose of emotion analysis",
    law: "Of people at work or in education it is prohibited (EU AI Act, Art. 5(1)(f)).",
    example: "Art installation in the lobby",
  },
  recognition: {
    legend: "Purpose of face recognition",
    law:
      "Enrol only who agrees. Not for people at work or in education, who can hardly refuse (GDPR, Art. 7 and 9), nor for searching by the " +
      "police or sorting by origin or belief (EU AI Act, Art. 5(1)(g) and (h)).",
    example: "My family at the door",
  },
};

export const gateOf = (analysis) => GATES[analysis] ?? { legend: "Purpose", law: "", example: "" };

/** A day for an input of type date, in local time. */
export const dayValue = (ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 10);

/** The end of that day, in µs. */
export const endOfDay = (day) => new Date(`${day}T23:59:59`).getTime() * 1000;

/** The purpose of one analysis of a camera. `known`: the one that is stated, or null. */
export class PurposeFields {
  constructor(analysis, field, known) {
    const gate = gateOf(analysis);
    this.field = field;
    this.before = { text: known?.text ?? "", day: known ? dayValue(known.expires_us / 1000) : "" };
    this.text = el("input", { class: "form-control", minlength: 3, maxlength: 500, placeholder: gate.example });
    this.until = el("input", { class: "form-control", type: "date" });
    this.text.value = this.before.text;
    this.until.value = this.before.day || dayValue(Date.now() + MONTH_MS);
    this.element = el(
      "fieldset",
      { class: "border rounded bg-body-tertiary p-3" },
      el("legend", {}, gate.legend),
      el("p", { class: "small text-body-secondary" }, gate.law),
      el("div", { class: "vstack gap-3" },
        el("label", { class: "form-label" }, "What for", this.text, problemLine(`${field}.text`)),
        el("label", { class: "form-label" }, "Until", this.until, problemLine(`${field}.expires_us`))),
    );
  }

  /** As the API takes it; empty where nothing was changed: what is stated already is not stated anew. */
  read() {
    const isChanged = this.text.value !== this.before.text || (this.before.day !== "" && this.until.value !== this.before.day);
    if (!isChanged) return {};
    return { [this.field]: { text: this.text.value, expires_us: endOfDay(this.until.value || dayValue(Date.now())) } };
  }
}
