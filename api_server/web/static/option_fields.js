// A form field for each option that an analysis declares (GET /v1/analyses). What is left empty is not set.
import { el } from "./dom.js";

/** Thrown by `read` for what is not even a value. */
export class FieldError extends Error {
  constructor(path, message) {
    super(message);
    this.path = path;
  }
}

export const problemLine = (path) => el("small", { class: "field-problem", role: "alert", "data-path": path, hidden: true });

/** A number that may be left empty: `usual` stands in its place then. `read()`: the number, or undefined. */
export function numberField(path, title, { usual, help, value, ...attributes }) {
  const input = el("input", { type: "number", step: "any", placeholder: usual === undefined ? null : `usually ${usual}`, ...attributes });
  input.value = value ?? "";
  const element = el("label", {}, title, input, help ? el("small", { class: "muted" }, help) : null, problemLine(path));
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
  const select = el("select", {}, el("option", { value: "" }, "as usual"), ...option.choices.map((one) => el("option", { value: one.value }, one.title)));
  select.value = value ?? "";
  return {
    element: el("label", {}, option.title, select, help(option), problemLine(path)),
    read: () => select.value || undefined,
  };
}

function switched(path, option, value) {
  const box = el("input", { type: "checkbox" });
  box.checked = Boolean(value);
  return {
    element: el("div", {}, el("label", { class: "choice" }, box, el("span", {}, option.title, el("small", { class: "muted" }, option.help))), problemLine(path)),
    // A gate may have been set in detail by the API: that stays.
    read: () => (box.checked ? (typeof value === "object" && value ? value : true) : undefined),
  };
}

function words(path, option, value) {
  const input = el("input", { spellcheck: "false", autocapitalize: "characters" });
  input.value = (value ?? []).join(", ");
  return {
    element: el("label", {}, option.title, input, el("small", { class: "muted" }, `${option.help} With commas between.`), problemLine(path)),
    read: () => listed(input.value),
  };
}

function choices(path, option, value) {
  const chosen = value ?? [];
  const known = new Set(option.choices.map((one) => one.value));
  const boxes = option.choices.map((one) => {
    const box = el("input", { type: "checkbox", value: one.value });
    box.checked = chosen.includes(one.value);
    return [box, el("label", { class: "choice" }, box, el("span", {}, one.title))];
  });
  const others = el("input", { spellcheck: "false", placeholder: option.further.slice(0, 3).join(", ") });
  others.value = chosen.filter((one) => !known.has(one)).join(", ");
  const usual = option.default.join(", ");
  return {
    element: el(
      "fieldset",
      { class: "option-choices" },
      el("legend", {}, option.title),
      el("small", { class: "muted" }, `${option.help} Nothing chosen: ${usual}.`),
      el("div", { class: "scopes" }, ...boxes.map(([, label]) => label)),
      option.further.length ? el("label", {}, "By name, with commas between", others) : null,
      problemLine(path),
    ),
    read() {
      const picked = [...boxes.filter(([box]) => box.checked).map(([box]) => box.value), ...(listed(others.value) ?? [])];
      return picked.length ? picked : undefined;
    },
  };
}

const help = (option) => (option.help ? el("small", { class: "muted" }, option.help) : null);

function listed(text) {
  const found = text.split(",").map((one) => one.trim()).filter(Boolean);
  return found.length ? found : undefined;
}
