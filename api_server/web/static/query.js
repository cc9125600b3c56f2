// One query: how far it is, its result, what it found, and what it found differently.
import { get, post, remove } from "./api.js";
import { badgeClass, byId, confirmed, el, notice, showProblem, wireDialog } from "./dom.js";
import { followQuery } from "./query_events.js";
import { isActive, isWallTime, modelWords, moodOf, progressWords, setBar } from "./query_words.js";
import { analysisName, dateOf, duration, percent, plural, timeOf } from "./words.js";

const id = byId("query").dataset.query;
const path = `/v1/queries/${id}`;
const video = byId("video");
const PAGE = 100;
const OTHERS = 20;
let next = null;
let hasResult = false;

function seek(seconds) {
  video.currentTime = Math.max(0, seconds);
  video.play();
}

const wordsOf = (seen) => seen.text ?? seen.label ?? seen.words ?? seen.kind;

function sightingRow(sighting) {
  const when = isWallTime(sighting.first_us) ? timeOf(sighting.first_us) : `at ${duration(sighting.at_ms)}`;
  return el(
    "li",
    { class: "list-group-item list-group-item-action p-0" },
    el(
      "button",
      { type: "button", class: "btn border-0 w-100 px-3", onclick: () => seek(sighting.at_ms / 1000 - 0.5) },
      el(
        "span",
        {},
        el("span", { class: sighting.text ? "plate" : "" }, wordsOf(sighting)),
        el("span", { class: "text-body-secondary small" }, `${percent(sighting.confidence)} sure, `, when),
      ),
    ),
  );
}

async function loadSightings() {
  const query = new URLSearchParams({ limit: PAGE });
  if (next) query.set("cursor", next);
  const page = await get(`${path}/sightings?${query}`);
  byId("sightings").append(...page.sightings.map(sightingRow));
  next = page.next;
  byId("more").hidden = next === null;
  byId("no-sightings").hidden = byId("sightings").children.length > 0;
}

function seenCell(seen) {
  if (!seen) return el("td", {}, "–");
  const words = el("span", { class: seen.kind === "plate" ? "plate" : "" }, seen.words);
  const place = seen.clip
    ? el("a", { href: `/clips/${encodeURIComponent(seen.clip)}?t=${(seen.at_ms / 1000).toFixed(1)}` }, words)
    : el("button", { type: "button", class: "btn btn-link p-0", onclick: () => seek(seen.at_ms / 1000 - 0.5) }, words);
  return el("td", {}, place, el("div", { class: "text-body-secondary small" }, `${percent(seen.confidence)} sure`));
}

function diffRow(mood, word, before, after) {
  const when = timeOf((after ?? before).first_us);
  return el("tr", {}, el("td", {}, el("span", { class: badgeClass(mood) }, word)), seenCell(before), seenCell(after), el("td", { class: "number" }, when));
}

const spokenBy = (models) => (models.length ? models.map(modelWords).join("; ") : "a model that nobody remembers");

/** `against`: `live`, or the id of another query. */
async function loadDiff(query, against = "live") {
  const diff = await get(`${query.diff}?against=${against}`);
  byId("diff-words").replaceChildren(
    `${plural(diff.same, "sighting is", "sightings are")} the same, ${diff.added.length} new, ${diff.removed.length} gone, ${diff.changed.length} changed.` +
      (diff.before_count === 0 && against === "live" ? " Nothing is kept of what was found then." : ""),
    el("span", { class: "d-block small text-body-secondary", id: "diff-models" }, `Before: ${spokenBy(diff.before_models)}. Now: ${spokenBy(diff.after_models)}.`),
  );
  byId("diff-rows").replaceChildren(
    ...diff.changed.map((one) => diffRow("warn", "changed", one.before, one.after)),
    ...diff.added.map((one) => diffRow("good", "new", null, one)),
    ...diff.removed.map((one) => diffRow("bad", "gone", one, null)),
  );
  byId("diff-table").hidden = byId("diff-rows").children.length === 0;
  byId("diff").hidden = false;
}

/** What the result is compared with: what was found live, or another query of the same analysis on the same camera. */
async function offerOthers(query) {
  const wanted = new URLSearchParams({ camera: query.camera, analysis: query.analysis, state: "finished", limit: OTHERS });
  const others = (await get(`/v1/queries?${wanted}`)).queries.filter((one) => one.id !== query.id && overlaps(one, query));
  if (others.length === 0 || byId("diff-against")) return;
  const select = el("select", { class: "form-select form-select-sm", id: "diff-against" },
    el("option", { value: "live" }, "what was found when it was recorded"),
    ...others.map((one) => el("option", { value: one.id }, `query of ${new Date(one.created_us / 1000).toLocaleString()}${one.model ? `, ${one.model.name}` : ""}`)));
  select.addEventListener("change", () => loadDiff(query, select.value).catch((problem) => notice(problem.message)));
  byId("diff-words").before(el("label", { class: "form-label" }, "Compared with ", select));
  byId("diff").querySelector("h2").textContent = "Compared";
}

const overlaps = (one, other) => one.from_us < other.to_us && other.from_us < one.to_us;

function showFacts(query) {
  const purpose = query.emotion_purpose ?? query.recognition_purpose;
  const options = Object.entries({ every_ms: query.every_ms, ...query.options }).filter(([, value]) => value !== null);
  const facts = {
    Input: query.recording
      ? query.input ? el("a", { href: "/recordings?source=upload" }, query.name) : `${query.name} (deleted since)`
      : el("a", { href: `/clips?${new URLSearchParams({
          camera: query.camera, analysis: "recorder", from: new Date(query.from_us / 1000).toISOString(), to: new Date(query.to_us / 1000).toISOString(),
        })}` }, query.name),
    ...(query.from_us !== null ? { From: timeOf(query.from_us), To: timeOf(query.to_us) } : {}),
    Asked: timeOf(query.created_us),
    ...(query.finished_us !== null ? { Ended: timeOf(query.finished_us), Took: duration((query.finished_us - query.created_us) / 1000) } : {}),
    ...(query.duration_ms !== null ? { Length: duration(query.duration_ms) } : {}),
    ...(query.frame_count !== null ? { Frames: String(query.frame_count) } : {}),
    ...(options.length ? { Options: options.map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`).join(", ") } : {}),
    ...(query.model ? { Model: modelWords(query.model) } : {}),
    ...(purpose ? { Purpose: `${purpose.text} (until ${dateOf(purpose.expires_us)})` } : {}),
    ...(query.sidecar ? { Data: el("a", { href: query.sidecar }, "sidecar (JSON)") } : {}),
  };
  byId("facts").replaceChildren(...Object.entries(facts).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
}

async function showResult(query) {
  hasResult = true;
  video.poster = query.poster;
  video.src = query.video;
  byId("download").href = `${query.video}?download=1`;
  byId("result").hidden = false;
  if (query.input) {
    byId("input-video").src = query.input;
    byId("input").hidden = false;
  }
  await loadSightings();
  if (query.diff) {
    await loadDiff(query);
    await offerOthers(query);
  }
}

async function take(query) {
  byId("analysis").textContent = analysisName(query.analysis);
  byId("state").textContent = query.state;
  byId("state").className = badgeClass(moodOf(query));
  byId("running").hidden = !isActive(query);
  setBar(byId("bar"), query);
  byId("progress-words").textContent = progressWords(query);
  byId("note").textContent = query.note ?? "";
  byId("note").hidden = !query.note;
  showProblem(byId("problem"), query.state === "failed" ? new Error(progressWords(query)) : null);
  showFacts(query);
  if (query.state === "finished" && !hasResult) await showResult(query);
}

const takeIn = (query) => take(query).catch((problem) => showProblem(byId("problem"), problem));

video.addEventListener("error", () => {
  if (hasResult) showProblem(byId("problem"), new Error("The result cannot be played. It may have been deleted, or the store does not answer."));
});
byId("input-video").addEventListener("error", () => { byId("input").hidden = true; });
byId("speed").addEventListener("change", (event) => { video.playbackRate = Number(event.target.value); });
byId("more").addEventListener("click", () => loadSightings().catch((problem) => notice(problem.message)));
byId("cancel").addEventListener("click", async () => {
  byId("cancel").disabled = true;
  try {
    await takeIn(await post(`${path}/cancel`));
  } catch (problem) {
    notice(problem.message);
    byId("cancel").disabled = false;
  }
});
wireDialog(byId("delete-dialog"));
byId("delete").addEventListener("click", async () => {
  if (!(await confirmed(byId("delete-dialog")))) return;
  try {
    await remove(path);
    location.assign("/queries");
  } catch (problem) {
    notice(problem.message);
  }
});

followQuery(path, takeIn, (problem) => {
  if (problem) showProblem(byId("problem"), problem);
});
