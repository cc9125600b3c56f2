// What is kept: purposes of emotion analysis and face recognition, and for how long clips stay.
import { all, whole } from "./api.js";
import { badgeClass, byId, el, showProblem } from "./dom.js";
import { analysisName, bytes, plural, timeOf } from "./words.js";

const hours = (count) => (count % 24 === 0 ? plural(count / 24, "day") : plural(count, "hour"));

function where(purpose) {
  if (purpose.subject === "camera") return el("a", { href: `/cameras/${purpose.id}` }, purpose.name);
  if (purpose.subject === "query") return el("a", { href: `/queries/${purpose.id}` }, `a query on ${purpose.name}`);
  return purpose.name;
}

function purposeRow(purpose) {
  const until = el("td", { class: "number" }, timeOf(purpose.expires_us));
  if (purpose.expired) until.append(" ", el("span", { class: badgeClass() }, "expired"));
  return el("tr", {}, el("td", {}, where(purpose)), el("td", {}, purpose.text, el("div", { class: "small text-body-secondary" }, analysisName(purpose.analysis))), until, el("td", {}, purpose.by ?? "an account that is gone"));
}

function keptRow(line, names) {
  const oldest = el("td", {});
  if (line.oldest) {
    oldest.append(el("a", { href: `/clips/${encodeURIComponent(line.oldest)}` }, timeOf(line.oldest_ms * 1000)));
    if (line.overdue) oldest.append(" ", el("span", { class: badgeClass("warn") }, "overdue"));
  } else {
    oldest.append(el("span", { class: "text-body-secondary" }, "none"));
  }
  return el(
    "tr",
    {},
    el("td", {}, el("a", { href: `/cameras/${line.camera}` }, names.get(line.camera) ?? line.camera)),
    el("td", {}, analysisName(line.analysis)),
    el("td", {}, line.own ? `${hours(line.hours)} (its own)` : hours(line.hours)),
    oldest,
  );
}

function fill(id, table, empty, rows) {
  byId(id).replaceChildren(...rows);
  byId(table).hidden = rows.length === 0;
  byId(empty).hidden = rows.length > 0;
}

try {
  const [purposes, kept, cameras] = await Promise.all([all("/v1/purposes", "purposes"), whole("/v1/retention", "clips"), all("/v1/cameras", "cameras")]);
  const names = new Map(cameras.map((camera) => [camera.id, camera.name]));
  fill("purposes", "purposes-table", "no-purposes", purposes.map(purposeRow));
  fill("kept", "kept-table", "no-kept", kept.clips.map((line) => keptRow(line, names)));
  byId("rules").textContent =
    `Clips in which an analysis saw nothing go after ${hours(kept.empty_hours)}, uploads after ${hours(kept.upload_hours)}. ` +
    (kept.held ? `${plural(kept.held, "clip is", "clips are")} held, and stay.` : "No clip is held.");
  if (kept.bytes) byId("room").textContent = `${bytes(kept.bytes.used)} of ${bytes(kept.bytes.cap)} are used; then the oldest goes first.`;
} catch (problem) {
  showProblem(byId("problem"), problem);
}
