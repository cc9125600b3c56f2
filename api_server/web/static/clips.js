// The clips page: posters, filters in the address, new clips where the order has them.
import { clipCard } from "./clip_card.js";
import { wireChoice } from "./clip_choice.js";
import { followClips } from "./clip_events.js";
import { byId } from "./dom.js";
import { showEmpty, wireFilters } from "./filters.js";
import { pagedList } from "./paging.js";

const form = byId("filters");
const grid = byId("clips");
const PAGE = 48;
let names = new Map();

const nameOf = (clip) => names.get(clip.camera) ?? clip.camera;

function take(page, isFirst) {
  const cards = page.clips.map((clip) => clipCard(clip, nameOf(clip)));
  if (isFirst) grid.replaceChildren(...cards);
  else grid.append(...cards);
  grid.removeAttribute("aria-busy");
  showEmpty(grid.children.length === 0, form);
}

const list = pagedList("/v1/clips", PAGE, form, take);

/** Clips that have come since, without moving what is being looked at further down. */
async function loadArrivals() {
  const come = await list.arrivals(12);
  if (come === null) return;
  const { page, place } = come;
  const shown = new Set([...grid.children].map((card) => card.dataset.clip));
  grid[place](...page.clips.filter((clip) => !shown.has(clip.id)).map((clip) => clipCard(clip, nameOf(clip))));
  if (page.clips.length > 0) showEmpty(false, form);
}

wireChoice(grid);
names = await wireFilters(form, list.reload);
await list.reload();
followClips(loadArrivals);
