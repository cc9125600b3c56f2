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

/** No browser plays AVI, and few what is in some others: that is downloaded. */
function openLink(one) {
  const isPlayed = one.container !== "avi" && (one.codec === null || PLAYED.has(one.codec));
  if (isPlayed) return el("a", { class: "button", href: one.video, target: "_blank", rel: "noopener" }, "Play");
  return el("a", { class: "button", href: `${one.video}?download=1` }, "Download");
}

function row(one) {
  const isUpload = one.source === "upload";
  const detail = isUpload ? (one.problem ?? [one.imported_from ?? "upload", one.container, one.codec].filter(Boolean).join(", ")) : `${plural(one.clips, "clip")}${one.complete ? "" : ", a start or a gap in it"}`;
  return el(
    "tr",
    { "data-recording": one.id },
    el("td", {}, el("strong", {}, nameOf(one)), el("div", { class: one.problem ? "small problem-words" : "small muted" }, detail)),
    el("td", { class: "number" }, timeOf(one.start_us), isUpload && !one.time_known ? el("span", { class: "muted small" }, " uploaded") : null),
    el("td", { class: "number" }, one.end_us === null ? "–" : timeOf(one.end_us)),
    el("td", { class: "number" }, one.duration_ms === null ? "–" : duration(one.duration_ms)),
    el("td", { class: "number" }, bytes(one.bytes)),
    el(
      "td",
      {},
      el(
        "div",
        { class: "actions" },
        el("button", { type: "button", class: "primary", disabled: Boolean(one.problem), onclick: () => askAbout(one, nameOf(one)) }, "Query"),
        isUpload
          ? openLink(one)
          : el("button", { type: "button", onclick: () => playSpan(one, nameOf(one)) }, "Play"),
        isUpload ? null : el("a", { class: "button", href: clipsOf(one) }, "Clips"),
        isUpload ? el("button", { type: "button", class: "danger", onclick: () => erase(one), "aria-label": `Delete ${one.name}` }, "Delete") : null,
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
