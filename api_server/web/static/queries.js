// The queries page: what runs and what was found, the newest first.
import { get } from "./api.js";
import { badgeClass, byId, dropGone, el, picture, showProblem } from "./dom.js";
import { queryOf, showEmpty, wireFilters } from "./filters.js";
import { pagedList } from "./paging.js";
import { followQueries } from "./query_events.js";
import { isActive, moodOf, progressWords, setBar } from "./query_words.js";
import { analysisName, duration, timeOf } from "./words.js";

const form = byId("filters");
const grid = byId("queries");
const PAGE = 30;
const cards = new Map();

function still(query) {
  if (query.poster) return picture(query.poster, "", "No picture");
  return el("span", { class: "none" }, query.state === "failed" ? "No result" : query.state === "cancelled" ? "Cancelled" : "At work…");
}

function makeCard(query) {
  const bar = el("progress", { class: "w-100", max: 100, "aria-label": `How far the query on ${query.name} is` });
  const words = el("div", { class: "small" });
  const note = el("div", { class: "small text-body-secondary" });
  const state = el("span", { class: badgeClass() });
  const screen = el("div", { class: "screen" });
  const card = el(
    "a",
    { class: "card", href: `/queries/${query.id}`, "data-query": query.id },
    screen,
    el(
      "div",
      { class: "card-body" },
      el("h3", { class: "h6 mb-0" }, query.name),
      el("div", { class: "hstack justify-content-between gap-2 small text-body-secondary" }, timeOf(query.from_us ?? query.created_us), query.duration_ms ? duration(query.duration_ms) : ""),
      el("div", { class: "hstack justify-content-between gap-2" }, el("span", { class: badgeClass() }, analysisName(query.analysis)), state),
      bar,
      words,
      note,
    ),
  );
  return { card, bar, words, note, state, screen, shown: null };
}

function fill(known, query) {
  const now = JSON.stringify([query.state, query.progress, query.note, query.reason]);
  if (known.shown === now) return;
  known.shown = now;
  known.state.textContent = query.state;
  known.state.className = badgeClass(moodOf(query));
  known.bar.hidden = !isActive(query);
  setBar(known.bar, query);
  known.words.textContent = progressWords(query);
  known.note.textContent = query.note ?? "";
  known.note.hidden = !query.note;
  known.screen.replaceChildren(still(query));
}

function update(queries) {
  for (const query of queries) {
    if (!cards.has(query.id)) cards.set(query.id, makeCard(query));
    fill(cards.get(query.id), query);
  }
}

function take(page, isFirst) {
  if (isFirst) {
    cards.clear();
    grid.replaceChildren();
  }
  update(page.queries);
  grid.append(...page.queries.map((one) => cards.get(one.id).card));
  grid.removeAttribute("aria-busy");
  showEmpty(grid.children.length === 0, form);
}

const list = pagedList("/v1/queries", PAGE, form, take);

/** What is new, and how far what is shown has come. */
function refresh(page) {
  const fresh = page.queries.filter((one) => !cards.has(one.id));
  update(page.queries);
  grid.prepend(...fresh.map((one) => cards.get(one.id).card));
  if (page.next === null) dropGone(page.queries, cards, ({ card }) => card);
  showEmpty(grid.children.length === 0, form);
}

let unfollow = () => {};
let turn = 0;

/** The list with the filters as they are now, followed from then on. */
async function reload() {
  turn += 1;
  const mine = turn;
  unfollow();
  unfollow = () => {};
  await list.reload();
  if (mine !== turn) return;
  const filters = queryOf(form);
  filters.set("limit", PAGE);
  unfollow = followQueries(filters, refresh, (problem) => showProblem(byId("problem"), problem));
}

const { analyses } = await get("/v1/analyses");
const offered = new Set([...form.elements.analysis.options].map((option) => option.value));
for (const one of analyses) if (one.queries && !offered.has(one.name)) form.elements.analysis.add(new Option(analysisName(one.name), one.name));
await wireFilters(form, reload);
await reload();
