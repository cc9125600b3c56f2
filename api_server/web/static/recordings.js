// The recordings page: spans and uploads, and the way from them to a query.
import { remove, repeat } from "./api.js";
import { byId, confirmed, el, notice, wireDialog } from "./dom.js";
import { showEmpty, wireFilters } from "./filters.js";
import { playSpan } from "./footage.js";
import { pagedList } from "./paging.js";
import { askAbout } from "./query_form.js";
import { wireImport, wireUpload } from "./upload.js";
import { bytes, duration, plural, timeOf } from "./words.js";

const form = byId("filters");
const rows = byId("rows");
const PAGE = 100;
const PLAYED = new Set(["h264", "vp8", "vp9", "av1"]);
let names = new Map();
let shown = [];

const nameOf = (one) => one.name ?? names.get(one.camera) ?? one.camera;

async function erase(one) {
  if (!(await confirmed(byId("delete-dialog")))) return;
  try {
    await remove(`/v1/recordings/${one.id}`);
    await list.reload();
  } catch (problem) {
    notice(problem.message);
  }
}

function clipsOf(one) {
  const query = new URLSearchParams({
    camera: one.camera,
    analysis: "recorder",
    from: new Date(one.start_us / 1000).toISOString(),
    to: new Date(one.end_us / 1000 + 1).toISOString(),
  });
  return `/clips?${query}`;
}

/** Until a worker has looked, what most browsers play may be tried. */
function isPlayed(one) {
  if (one.playable === "pending") return ["mp4", "webm"].includes(one.container) && PLAYED.has(one.codec);
  return one.playable !== "impossible";
}

function openLinks(one) {
  const link = (href, word, rest = {}) => el("a", { class: "btn btn-sm btn-outline-secondary", href, ...rest }, word);
  const play = isPlayed(one) ? link(one.video, "Play", { target: "_blank", rel: "noopener" }) : null;
  // What is played may not be the file itself: that is downloaded.
  return [play, play && one.playable !== "made" ? null : link(`${one.video}?download=1`, "Download")];
}

function uploadDetail(one) {
  const said = [one.imported_from ?? "upload", one.container, one.codec].filter(Boolean).join(", ");
  const waits = one.playable === "pending" && !isPlayed(one) ? "Being prepared for playing." : null;
  return [said, one.playable_note ?? waits].filter(Boolean).join(". ");
}

function row(one) {
  const isUpload = one.source === "upload";
  const detail = isUpload ? (one.problem ?? uploadDetail(one)) : `${plural(one.clips, "clip")}${one.complete ? "" : ", a start or a gap in it"}`;
  return el(
    "tr",
    { "data-recording": one.id },
    el("td", {}, el("strong", {}, nameOf(one)), el("div", { class: one.problem ? "small text-danger-emphasis" : "small text-body-secondary" }, detail)),
    el("td", { class: "number" }, timeOf(one.start_us), isUpload && !one.time_known ? el("span", { class: "text-body-secondary small" }, " uploaded") : null),
    el("td", { class: "number" }, one.end_us === null ? "–" : timeOf(one.end_us)),
    el("td", { class: "number" }, one.duration_ms === null ? "–" : duration(one.duration_ms)),
    el("td", { class: "number" }, bytes(one.bytes)),
    el(
      "td",
      {},
      el(
        "div",
        { class: "hstack gap-2 justify-content-end" },
        el("button", { type: "button", class: "btn btn-sm btn-primary", disabled: Boolean(one.problem), onclick: () => askAbout(one, nameOf(one)) }, "Query"),
        ...(isUpload
          ? openLinks(one)
          : [el("button", { type: "button", class: "btn btn-sm btn-outline-secondary", onclick: () => playSpan(one, nameOf(one)) }, "Play")]),
        isUpload ? null : el("a", { class: "btn btn-sm btn-outline-secondary", href: clipsOf(one) }, "Clips"),
        isUpload ? el("button", { type: "button", class: "btn btn-sm btn-outline-danger", onclick: () => erase(one), "aria-label": `Delete ${one.name}` }, "Delete") : null,
      ),
    ),
  );
}

function draw() {
  rows.replaceChildren(...shown.map(row));
  byId("recordings").hidden = shown.length === 0;
  showEmpty(shown.length === 0, form);
}

function take(page, isFirst) {
  shown = isFirst ? page.recordings : [...shown, ...page.recordings];
  byId("window").replaceChildren("Cameras from ", timeOf(page.from_ms * 1000), " on; silences of more than three seconds part them.");
  draw();
}

const list = pagedList("/v1/recordings", PAGE, form, take);

wireDialog(byId("delete-dialog"));
wireUpload(list.reload);
wireImport(list.reload);
names = await wireFilters(form, list.reload);
await list.reload();
repeat(10, async () => {
  // What grows is looked at anew, but not under the hands of somebody who is further down.
  if (shown.length <= PAGE && !document.querySelector("dialog[open]") && !rows.contains(document.activeElement)) await list.first();
});
