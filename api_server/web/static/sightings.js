// The sightings page: a plate search box and a table with crops.
import { repeat } from "./api.js";
import { byId, el, picture } from "./dom.js";
import { showEmpty, wireFilters } from "./filters.js";
import { pagedList } from "./paging.js";
import { analysisName, duration, percent, timeOf } from "./words.js";

const form = byId("filters");
const rows = byId("rows");
const PAGE = 50;
let names = new Map();

function row(sighting) {
  const play = `/clips/${encodeURIComponent(sighting.clip)}?t=${(sighting.at_ms / 1000).toFixed(1)}`;
  const what = sighting.text ? el("span", { class: "plate" }, sighting.text) : (sighting.label ?? sighting.kind);
  return el(
    "tr",
    { "data-sighting": sighting.id },
    el("td", {}, el("a", { href: play, tabindex: "-1", "aria-hidden": "true" }, picture(sighting.crop, "", "no picture", { class: "crop" }))),
    el("td", {}, what, el("div", { class: "muted small" }, analysisName(sighting.analysis))),
    el("td", { class: "number" }, percent(sighting.confidence)),
    el("td", {}, el("a", { href: `/cameras/${sighting.camera}` }, names.get(sighting.camera) ?? sighting.camera)),
    el("td", { class: "number" }, timeOf(sighting.first_us)),
    el("td", { class: "number" }, duration(Math.max(0, sighting.last_us - sighting.first_us) / 1000)),
    el("td", {}, el("a", { class: "button", href: play }, "Play")),
  );
}

function take(page, isFirst) {
  if (isFirst) rows.replaceChildren();
  rows.append(...page.sightings.map(row));
  byId("table").hidden = rows.children.length === 0;
  showEmpty(rows.children.length === 0, form);
}

const list = pagedList("/v1/sightings", PAGE, form, take);

async function loadNewest() {
  const page = await list.newest(20);
  if (page === null) return;
  const shown = new Set([...rows.children].map((one) => one.dataset.sighting));
  const fresh = page.sightings.filter((sighting) => !shown.has(sighting.id));
  if (fresh.length === 0) return;
  rows.prepend(...fresh.map(row));
  byId("table").hidden = false;
  showEmpty(false, form);
}


names = await wireFilters(form, list.reload);
await list.reload();
repeat(3, loadNewest);
