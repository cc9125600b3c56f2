// The exports page: what was asked for, how far it is, and its file.
import { remove, repeat } from "./api.js";
import { byId, el, showProblem } from "./dom.js";
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
  const progress = el("progress", { max: one.clips, value: one.clips_done, "aria-label": `How far ${one.name} is` });
  const words = [one.note, one.reason, ...one.notes].filter(Boolean);
  row.replaceChildren(
    el(
      "div",
      {},
      el("strong", {}, one.name),
      " ",
      one.state === "finished" ? null : el("span", { class: `tag ${MOOD[one.state] ?? ""}` }, one.state),
      el("div", { class: "small muted" }, `${about(one)} · `, timeOf(one.created_us), " · until ", timeOf(one.expires_us)),
      ...words.map((text) => el("div", { class: "small" }, text)),
      isActive(one) ? progress : null,
    ),
    el(
      "div",
      { class: "actions" },
      one.file ? el("a", { class: "button", href: one.file, download: true }, "Download") : null,
      el("button", { type: "button", class: "danger", onclick: () => erase(one.id) }, isActive(one) ? "Cancel" : "Delete"),
    ),
  );
}

function update(exports, place) {
  for (const one of exports) {
    if (!rows.has(one.id)) {
      rows.set(one.id, el("li", { class: "row between panel", "data-export": one.id }));
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
