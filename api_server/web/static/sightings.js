// The sightings page: a plate search box, a table of plates and things, a gallery of faces.
import { followClips } from "./clip_events.js";
import { byId, el, picture } from "./dom.js";
import { showEmpty, wireFilters } from "./filters.js";
import { pagedList } from "./paging.js";
import { analysisName, duration, percent, timeOf } from "./words.js";

const form = byId("filters");
const rows = byId("rows");
const gallery = byId("gallery");
const PAGE = 50;
let names = new Map();

const placeOf = (sighting) => `/clips/${encodeURIComponent(sighting.clip)}?t=${(sighting.at_ms / 1000).toFixed(1)}`;

function row(sighting) {
  const play = placeOf(sighting);
  const what = sighting.text ? el("span", { class: "plate" }, sighting.text) : (sighting.label ?? sighting.kind);
  return el(
    "tr",
    { "data-sighting": sighting.id },
    el("td", {}, el("a", { href: play, tabindex: "-1", "aria-hidden": "true" }, picture(sighting.crop, "", "no picture", { class: "crop" }))),
    el("td", {}, what, el("div", { class: "text-body-secondary small" }, analysisName(sighting.analysis))),
    el("td", { class: "number" }, percent(sighting.confidence)),
    el("td", {}, el("a", { href: `/cameras/${sighting.camera}` }, names.get(sighting.camera) ?? sighting.camera)),
    el("td", { class: "number" }, timeOf(sighting.first_us)),
    el("td", { class: "number" }, duration(Math.max(0, sighting.last_us - sighting.first_us) / 1000)),
    el("td", { class: "text-end" }, el("a", { class: "btn btn-sm btn-outline-secondary", href: play }, "Play")),
  );
}

function face(sighting) {
  const play = placeOf(sighting);
  const words = `${sighting.label ?? sighting.kind}, ${percent(sighting.confidence)} sure`;
  return el(
    "a",
    { class: "card", href: play, "data-sighting": sighting.id },
    el("div", { class: "screen" }, picture(sighting.crop, "", "no picture")),
    el(
      "div",
      { class: "card-body" },
      el("h3", { class: "h6 mb-0" }, words),
      el("div", { class: "small text-body-secondary" }, names.get(sighting.camera) ?? sighting.camera),
      el("div", { class: "small text-body-secondary" }, timeOf(sighting.first_us)),
    ),
  );
}

/** Faces are looked at side by side, everything else is read line by line. */
const isFace = (sighting) => sighting.kind === "face";

function show(sightings, place) {
  rows[place](...sightings.filter((one) => !isFace(one)).map(row));
  gallery[place](...sightings.filter(isFace).map(face));
  byId("table").hidden = rows.children.length === 0;
  byId("faces").hidden = gallery.children.length === 0;
  byId("faces-title").hidden = rows.children.length === 0;
  showEmpty(rows.children.length + gallery.children.length === 0, form);
}

function take(page, isFirst) {
  if (isFirst) {
    rows.replaceChildren();
    gallery.replaceChildren();
  }
  show(page.sightings, "append");
}

const list = pagedList("/v1/sightings", PAGE, form, take);

async function loadArrivals() {
  const come = await list.arrivals(20);
  if (come === null) return;
  const shown = new Set([...rows.children, ...gallery.children].map((one) => one.dataset.sighting));
  const fresh = come.page.sightings.filter((sighting) => !shown.has(sighting.id));
  if (fresh.length > 0) show(fresh, come.place);
}

names = await wireFilters(form, list.reload);
await list.reload();
followClips(loadArrivals);
