// Building elements. Text is always set as text: nothing a person or a camera wrote is ever parsed as HTML.

/** `el("p", {class: "small", onclick: f}, "text", child, null)` */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

const MOODS = {
  good: "text-success-emphasis bg-success-subtle", warn: "text-warning-emphasis bg-warning-subtle", bad: "text-danger-emphasis bg-danger-subtle",
};
/** The class of a badge. `mood`: good, warn, bad, or nothing in particular. */
export const badgeClass = (mood) => `badge rounded-pill ${MOODS[mood] ?? "text-bg-secondary"}`;

/** A sentence at the foot of the page, read out and gone after a while. */
export function notice(text) {
  const element = el("div", { class: "toast show text-bg-dark border-0" }, el("div", { class: "toast-body" }, text));
  byId("notices").append(element);
  setTimeout(() => element.remove(), 6000);
}

/** Show or hide a problem's sentence in `element`. */
export function showProblem(element, problem) {
  element.textContent = problem?.message ?? "";
  element.hidden = !problem;
}

/** A picture that gives way to a word when there is none. */
export function picture(src, alt, missing, attributes = {}) {
  const image = el("img", { src, alt, loading: "lazy", decoding: "async", ...attributes });
  image.addEventListener("error", () => image.replaceWith(el("span", { class: "none" }, missing)));
  return image;
}

/** Copy text; where the clipboard is closed to us (plain HTTP from another computer), select it instead. */
export async function copy(text, source) {
  try {
    await navigator.clipboard.writeText(text);
    notice("Copied.");
  } catch {
    getSelection().selectAllChildren(source);
    notice("Selected: press Ctrl+C to copy.");
  }
}

/** Buttons that close the dialog they are in. */
export function wireDialog(dialog) {
  for (const button of dialog.querySelectorAll("[data-close]")) button.addEventListener("click", () => dialog.close());
}

/** Resolves to whether the dialog was confirmed. */
export function confirmed(dialog) {
  return new Promise((resolve) => {
    dialog.returnValue = "";
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "delete"), { once: true });
    dialog.showModal();
  });
}

/** Take away what is shown and not among `items`, which are all there are. `shown`: by id; `elementOf`: the element of one of these. */
export function dropGone(items, shown, elementOf = (one) => one) {
  const there = new Set(items.map((item) => item.id));
  for (const [id, one] of shown) {
    if (there.has(id)) continue;
    elementOf(one).remove();
    shown.delete(id);
  }
}
