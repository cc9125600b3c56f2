// The sightings page: a plate search box and a table with crops.
import { get, repeat } from "./api.js";
import { byId, el, picture, showProblem } from "./dom.js";
import { queryOf, showEmpty, wireFilters } from "./filters.js";
import { analysisName, duration, percent, timeOf } from "./words.js";

const form = byId("filters");
const rows = byId("rows");
const more = byId("more");
const PAGE = 50;
let names = new Map();
let next = null;
let generation = 0;

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

async function load(cursor) {
  const mine = generation;
  const query = queryOf(form);
  query.set("limit", PAGE);
  if (cursor) query.set("cursor", cursor);
  const page = await get(`/v1/sightings?${query}`);
  if (mine !== generation) return;
  if (cursor) rows.append(...page.sightings.map(row));
  else rows.replaceChildren(...page.sightings.map(row));
  next = page.next;
  more.hidden = next === null;
  byId("table").hidden = rows.children.length === 0;
  showEmpty(rows.children.length === 0, form);
}

async function loadNewest() {
  const mine = generation;
  const query = queryOf(form);
  query.set("limit", 20);
  const { sightings } = await get(`/v1/sightings?${query}`);
  if (mine !== generation) return;
  const shown = new Set([...rows.children].map((one) => one.dataset.sighting));
  const fresh = sightings.filter((sighting) => !shown.has(sighting.id));
  if (fresh.length === 0) return;
  rows.prepend(...fresh.map(row));
  byId("table").hidden = false;
  showEmpty(false, form);
}

async function reload() {
  generation += 1;
  try {
    await load(null);
    showProblem(byId("problem"), null);
  } catch (problem) {
    showProblem(byId("problem"), problem);
  }
}

more.addEventListener("click", async () => {
  more.disabled = true;
  await load(next).catch((problem) => showProblem(byId("problem"), problem));
  more.disabled = false;
});

names = await wireFilters(form, reload);
await reload();
repeat(3, loadNewest);
