// Filters that live in the address: a filtered list can be linked to, and Back works.
import { all } from "./api.js";
import { byId } from "./dom.js";

/** Keep `form` and the address alike, and call `changed` when they change. Resolves to the cameras by id. */
export async function wireFilters(form, changed) {
  const isChoice = form.elements.camera instanceof HTMLSelectElement;
  const cameras = isChoice ? await all("/v1/cameras", "cameras") : [];
  for (const camera of cameras) form.elements.camera.add(new Option(camera.name, camera.id));
  readAddress(form);
  // On a phone the filters give way to what is filtered, unless some are set.
  form.querySelector("details").open = matchMedia("(min-width: 768px)").matches || isFiltered(form);
  let timer = null;
  const apply = (waitMs) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      const query = queryOf(form).toString();
      if (query !== location.search.slice(1)) history.pushState(null, "", query ? `?${query}` : location.pathname);
      changed();
    }, waitMs);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply(0);
  });
  form.addEventListener("input", (event) => apply(event.target.type === "checkbox" || event.target.tagName === "SELECT" ? 0 : 350));
  form.addEventListener("reset", () => setTimeout(() => apply(0)));
  addEventListener("popstate", () => {
    readAddress(form);
    changed();
  });
  return new Map(cameras.map((camera) => [camera.id, camera.name]));
}

/** What is chosen, as the API takes it. */
export function queryOf(form) {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (value === "") continue;
    query.set(name, name === "from" || name === "to" ? new Date(value).toISOString() : value.trim());
  }
  return query;
}

/** Whether anything is left out; an order leaves out nothing. */
export const isFiltered = (form) => [...queryOf(form).keys()].some((name) => name !== "sort");

export const isOldestFirst = (form) => queryOf(form).get("sort") === "oldest";

/** The words for an empty list, which differ when filters are set. */
export function showEmpty(isEmpty, form) {
  const empty = byId("empty");
  empty.hidden = !isEmpty;
  for (const words of empty.querySelectorAll("[data-when]")) {
    words.hidden = words.dataset.when !== (isFiltered(form) ? "filtered" : "unfiltered");
  }
}

function readAddress(form) {
  const query = new URLSearchParams(location.search);
  form.reset();
  for (const field of form.elements) {
    const value = query.get(field.name);
    if (!field.name || value === null) continue;
    if (field.type === "checkbox") field.checked = value === field.value;
    else if (field.type === "datetime-local") field.value = localValue(new Date(value));
    else field.value = value;
  }
}

function localValue(date) {
  if (Number.isNaN(date.getTime())) return "";
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
