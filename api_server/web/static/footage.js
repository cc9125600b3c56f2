// Any time of a span as one video: played, downloaded, queried.
import { get } from "./api.js";
import { byId, showProblem, wireDialog } from "./dom.js";
import { askAbout, localTime } from "./query_form.js";
import { bytes, duration, plural, timeOf } from "./words.js";

const HOUR_MS = 3600 * 1000;
const dialog = byId("footage-dialog");
const form = byId("footage-form");
const video = byId("footage-video");
const box = form.querySelector(".problem");
let about = null;
let shown = null;

const range = () => ({ from: new Date(form.elements.from.value).getTime(), to: new Date(form.elements.to.value).getTime() });

/** What the video holds; null, with the sentence shown, when there is none. */
async function look() {
  showProblem(box, null);
  try {
    const { from, to } = range();
    return await get(`/v1/cameras/${about.camera}/footage?${new URLSearchParams({ from, to })}`);
  } catch (problem) {
    showProblem(box, problem);
    return null;
  }
}

function tell(found) {
  const gaps = found.gaps.length ? `, ${plural(found.gaps.length, "silence")}` : "";
  byId("footage-words").replaceChildren(
    timeOf(found.t0_us), " to ", timeOf(found.end_us), `: ${duration(found.duration_ms)}, ${plural(found.frames, "picture")}, ${bytes(found.bytes)}${gaps}`,
  );
}

async function play() {
  const found = await look();
  video.hidden = found === null;
  if (found === null) return;
  shown = found;
  tell(found);
  video.src = found.video;
  await video.play().catch(() => {});
}

async function download() {
  const found = await look();
  if (found === null) return;
  tell(found);
  const link = document.createElement("a");
  link.href = `${found.video}&download=1`;
  link.download = "";
  link.click();
}

function stop() {
  video.pause();
  video.removeAttribute("src");
  video.load();
  video.hidden = true;
  byId("footage-words").replaceChildren();
  byId("footage-now").replaceChildren();
  shown = null;
}

/** Open the dialog for a span; at most its first hour is chosen. */
export function playSpan(span, name) {
  about = { ...span, name };
  stop();
  showProblem(box, null);
  byId("footage-name").textContent = name;
  const from = Math.floor(span.start_us / 1e6) * 1000;
  form.elements.from.value = localTime(from);
  form.elements.to.value = localTime(Math.min(from + HOUR_MS, Math.ceil((span.end_us + 1) / 1e6) * 1000));
  dialog.showModal();
}

wireDialog(dialog);
dialog.addEventListener("close", stop);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  play();
});
byId("footage-download").addEventListener("click", () => form.reportValidity() && download());
byId("footage-query").addEventListener("click", () => {
  if (!form.reportValidity()) return;
  const { from, to } = range();
  dialog.close();
  askAbout({ ...about, start_us: from * 1000, end_us: to * 1000 }, about.name);
});
video.addEventListener("timeupdate", () => {
  if (shown) byId("footage-now").replaceChildren("Shown now: ", timeOf(shown.t0_us + video.currentTime * 1e6));
});
video.addEventListener("error", () => {
  if (shown) showProblem(box, new Error("The video broke off: something of it was deleted, or the server is away. Play it again."));
});
