// A form field for each option that an analysis declares (GET /v1/analyses). What is left empty is not set.
import { el } from "./dom.js";

/** Thrown by `read` for what is not even a value. */
export class FieldError extends Error {
  constructor(path, message) {
    super(message);
    this.path = path;
  }
}

export const problemLine = (path) => el("small", { class: "field-problem text-danger-emphasis", role: "alert", "data-path": path, hidden: true });

/** A number that may be left empty: `usual` stands in its place then. `read()`: the number, or undefined. */
export function numberField(path, title, { usual, help, value, ...attributes }) {
  const input = el("input", { class: "form-control", type: "number", step: "any", placeholder: usual === undefined ? null : `usually ${usual}`, ...attributes });
  input.value = value ?? "";
  const element = el("label", { class: "form-label" }, title, input, help ? el("small", { class: "text-body-secondary" }, help) : null, problemLine(path));
  return {
    element,
    read() {
      if (input.validity.badInput) throw new FieldError(path, "This is no number.");
      return input.value === "" ? undefined : Number(input.value);
    },
  };
}

/** The field of one option. `value`: what is set, undefined for nothing. `read()`: the value, or undefined. */
export function optionField(path, option, value) {
  const make = { choice, choices, words, number, switch: switched }[option.kind];
  return make(path, option, value);
}

function number(path, option, value) {
  return numberField(path, option.title, {
    usual: option.default, help: option.help, value, min: option.minimum, max: option.maximum,
    step: option.step,
  });
}

function choice(path, option, value) {
  const select = el("select", { class: "form-select" }, el("option", { value: "" }, "as usual"), ...option.choices.map((one) => el("option", { value: one.value }, one.title)));
  select.value = value ?? "";
  return {
    element: el("label", { class: "form-label" }, option.title, select, help(option), problemLine(path)),
    read: () => select.value || undefined,
  };
}

function switched(path, option, value) {
  const box = el("input", { class: "form-check-input", type: "checkbox" });
  box.checked = Boolean(value);
  return {
    element: el("div", {}, el("label", { class: "form-check mb-0" }, box, option.title, " ", el("small", { class: "d-block text-body-secondary" }, option.help)), problemLine(path)),
    // A gate may have been set in detail by the API: that stays.
    read: () => (box.checked ? (typeof value === "object" && value ? value : true) : undefined),
  };
}

function words(path, option, value) {
  const input = el("input", { class: "form-control", spellcheck: "false", autocapitalize: "characters" });
  input.value = (value ?? []).join(", ");
  return {
    element: el("label", { class: "form-label" }, option.title, input, el("small", { class: "text-body-secondary" }, `${option.help} With commas between.`), problemLine(path)),
    read: () => listed(input.value),
  };
}

function choices(path, option, value) {
  const chosen = value ?? [];
  const known = new Set(option.choices.map((one) => one.value));
  const boxes = option.choices.map((one) => {
    const box = el("input", { class: "form-check-input", type: "checkbox", value: one.value });
    box.checked = chosen.includes(one.value);
    return [box, el("label", { class: "form-check mb-0" }, box, one.title)];
  });
  const others = el("input", { class: "form-control", spellcheck: "false", placeholder: option.further.slice(0, 3).join(", ") });
  others.value = chosen.filter((one) => !known.has(one)).join(", ");
  const usual = option.default.join(", ");
  return {
    element: el(
      "fieldset",
      { class: "border rounded p-3" },
      el("legend", {}, option.title),
      el("p", { class: "small text-body-secondary" }, `${option.help} Nothing chosen: ${usual}.`),
      el("div", { class: "row row-cols-2 g-2 mb-3" }, ...boxes.map(([, label]) => el("div", { class: "col" }, label))),
      option.further.length ? el("label", { class: "form-label" }, "By name, with commas between", others) : null,
      problemLine(path),
    ),
    read() {
      const picked = [...boxes.filter(([box]) => box.checked).map(([box]) => box.value), ...(listed(others.value) ?? [])];
      return picked.length ? picked : undefined;
    },
  };
}

const help = (option) => (option.help ? el("small", { class: "text-body-secondary" }, option.help) : null);

function listed(text) {
  const found = text.split(",").map((one) => one.trim()).filter(Boolean);
  return found.length ? found : undefined;
}
