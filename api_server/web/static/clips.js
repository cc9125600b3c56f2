// The clips page: posters, filters in the address, new clips at the top.
import { get, repeat } from "./api.js";
import { clipCard } from "./clip_card.js";
import { byId, showProblem } from "./dom.js";
import { queryOf, showEmpty, wireFilters } from "./filters.js";

const form = byId("filters");
const grid = byId("clips");
const more = byId("more");
const PAGE = 48;
let names = new Map();
let next = null;
let generation = 0;

const nameOf = (clip) => names.get(clip.camera) ?? clip.camera;

async function load(cursor) {
  const mine = generation;
  const query = queryOf(form);
  query.set("limit", PAGE);
  if (cursor) query.set("cursor", cursor);
  const page = await get(`/v1/clips?${query}`);
  if (mine !== generation) return;
  const cards = page.clips.map((clip) => clipCard(clip, nameOf(clip)));
  if (cursor) grid.append(...cards);
  else grid.replaceChildren(...cards);
  next = page.next;
  more.hidden = next === null;
  grid.removeAttribute("aria-busy");
  showEmpty(grid.children.length === 0, form);
}

/** Clips that have come since, without moving what is being looked at further down. */
async function loadNewest() {
  const mine = generation;
  const query = queryOf(form);
  query.set("limit", 12);
  const { clips } = await get(`/v1/clips?${query}`);
  if (mine !== generation) return;
  const shown = new Set([...grid.children].map((card) => card.dataset.clip));
  grid.prepend(...clips.filter((clip) => !shown.has(clip.id)).map((clip) => clipCard(clip, nameOf(clip))));
  if (clips.length > 0) showEmpty(false, form);
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
