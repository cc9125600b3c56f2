// The exports page: what was asked for, how far it is, and its file.
import { remove, repeat } from "./api.js";
import { badgeClass, byId, el, showProblem } from "./dom.js";
import { pagedList } from "./paging.js";
import { bytes, duration, plural, timeOf } from "./words.js";

const grid = byId("exports");
const rows = new Map();
const PAGE = 50;
const MOOD = { finished: "good", failed: "bad" };

const isActive = (one) => one.state === "received" || one.state === "processing";

function about(one) {
  const parts = [one.kind, plural(one.clips, "clip")];
  if (one.duration_ms) parts.push(duration(one.duration_ms));
  if (one.bytes) parts.push(bytes(one.bytes));
  return parts.join(" · ");
}

function fill(row, one) {
  const now = JSON.stringify(one);
  if (row.dataset.shown === now) return;
  row.dataset.shown = now;
  const progress = el("progress", { class: "w-100 mt-2", max: one.clips, value: one.clips_done, "aria-label": `How far ${one.name} is` });
  const words = [one.note, one.reason, ...one.notes].filter(Boolean);
  row.replaceChildren(
    el(
      "div",
      { class: "person" },
      el("strong", {}, one.name),
      " ",
      one.state === "finished" ? null : el("span", { class: badgeClass(MOOD[one.state]) }, one.state),
      el("div", { class: "small text-body-secondary" }, `${about(one)} · `, timeOf(one.created_us), " · until ", timeOf(one.expires_us)),
      ...words.map((text) => el("div", { class: "small" }, text)),
      isActive(one) ? progress : null,
    ),
    el(
      "div",
      { class: "hstack gap-2" },
      one.file ? el("a", { class: "btn btn-primary", href: one.file, download: true }, "Download") : null,
      el("button", { type: "button", class: "btn btn-outline-danger", onclick: () => erase(one.id) }, isActive(one) ? "Cancel" : "Delete"),
    ),
  );
}

function update(exports, place) {
  for (const one of exports) {
    if (!rows.has(one.id)) {
      rows.set(one.id, el("li", { class: "list-group-item hstack flex-wrap gap-3 py-3", "data-export": one.id }));
      place(rows.get(one.id));
    }
    fill(rows.get(one.id), one);
  }
  byId("empty").hidden = rows.size > 0;
}

function take(page, isFirst) {
  if (isFirst) {
    rows.clear();
    grid.replaceChildren();
  }
  update(page.exports, (row) => grid.append(row));
  grid.removeAttribute("aria-busy");
}

const list = pagedList("/v1/exports", PAGE, byId("filters"), take);

async function erase(id) {
  try {
    await remove(`/v1/exports/${id}`);
    rows.get(id)?.remove();
    rows.delete(id);
    byId("empty").hidden = rows.size > 0;
  } catch (problem) {
    showProblem(byId("problem"), problem);
  }
}

async function refresh() {
  const come = await list.arrivals(PAGE);
  if (come !== null) update(come.page.exports.toReversed(), (row) => grid.prepend(row));
}

await list.reload();
repeat(2, refresh, (problem) => showProblem(byId("problem"), problem));
