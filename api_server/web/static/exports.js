// The exports page: what was asked for, how far it is, and its file.
import { remove, repeat } from "./api.js";
import { badgeClass, byId, dropGone, el, showProblem } from "./dom.js";
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
  row.querySelector(".person").replaceChildren(
    el("strong", {}, one.name),
    " ",
    ...(one.state === "finished" ? [] : [el("span", { class: badgeClass(MOOD[one.state]) }, one.state)]),
    el("div", { class: "small text-body-secondary" }, `${about(one)} · `, timeOf(one.created_us), " · until ", timeOf(one.expires_us)),
    ...words.map((text) => el("div", { class: "small" }, text)),
    ...(isActive(one) ? [progress] : []),
  );
  offer(row, one);
}

/** What can be done with it. Left alone while it is the same: a button that is replaced while it is pressed hears no click. */
function offer(row, one) {
  const word = isActive(one) ? "Cancel" : "Delete";
  const now = JSON.stringify([word, one.file]);
  if (row.dataset.offered === now) return;
  row.dataset.offered = now;
  row.querySelector(".hstack").replaceChildren(
    ...(one.file ? [el("a", { class: "btn btn-primary", href: one.file, download: true }, "Download")] : []),
    el("button", { type: "button", class: "btn btn-outline-danger", onclick: () => erase(one.id) }, word),
  );
}

function makeRow(id) {
  return el("li", { class: "list-group-item hstack flex-wrap gap-3 py-3", "data-export": id }, el("div", { class: "person" }), el("div", { class: "hstack gap-2" }));
}

function update(exports, place) {
  for (const one of exports) {
    if (!rows.has(one.id)) {
      rows.set(one.id, makeRow(one.id));
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
  } catch (problem) {
    showProblem(byId("problem"), problem);
    return;
  }
  await list.reload(); // an answer that was on its way still has it, and is dropped
}

async function refresh() {
  const come = await list.arrivals(PAGE);
  if (come === null) return;
  if (come.page.next === null) dropGone(come.page.exports, rows); // others delete too, and exports expire
  update(come.page.exports.toReversed(), (row) => grid.prepend(row));
}

await list.reload();
repeat(2, refresh, (problem) => showProblem(byId("problem"), problem));
