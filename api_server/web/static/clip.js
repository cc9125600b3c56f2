// One clip: player, sightings to jump to, facts.
import { all, get, remove } from "./api.js";
import { Overlay } from "./boxes.js";
import { wireHold, wireShare } from "./clip_keeping.js";
import { byId, confirmed, el, notice, picture, showProblem, wireDialog } from "./dom.js";
import { analysisName, bytes, duration, percent, timeOf } from "./words.js";

const id = byId("clip").dataset.clip;
const path = `/v1/clips/${encodeURIComponent(id)}`;
const video = byId("video");
const FATES = {
  analysed: "analysed", carried: "in between, last boxes drawn", sampled_out: "not analysed: overload", failed: "analysis failed",
  duplicate: "sent twice, kept once", dead_letter: "not a picture", not_applicable: "not to be analysed",
};

const [clip, cameras] = await Promise.all([get(path), all("/v1/cameras", "cameras")]);
const camera = cameras.find((one) => one.id === clip.camera);
byId("heading").replaceChildren(camera?.name ?? clip.camera, ", ", timeOf(clip.t0_us));
byId("analysis").textContent = analysisName(clip.analysis);

const start = Number(new URLSearchParams(location.search).get("t"));
if (start > 0) video.currentTime = Math.max(0, start - 0.5);
video.addEventListener("error", () =>
  showProblem(byId("problem"), new Error("The video cannot be played. It may have been deleted, or the store does not answer.")),
);

/** A start that a pause or another video cuts short needs no word; what cannot be played is told by the video's own error. */
const play = () => video.play().catch(() => undefined);

function seek(seconds) {
  const last = Number.isFinite(video.duration) ? video.duration : seconds;
  video.currentTime = Math.min(Math.max(0, seconds), last);
}

function sightingRow(sighting) {
  const words = sighting.text
    ? el("span", { class: "plate" }, sighting.text)
    : el("span", {}, sighting.label ?? sighting.kind);
  return el(
    "li",
    { class: "list-group-item list-group-item-action p-0" },
    el(
      "button",
      { type: "button", class: "btn border-0 w-100", onclick: () => { seek(sighting.at_ms / 1000 - 0.5); play(); } },
      picture(sighting.crop, "", "", { class: "crop" }),
      el(
        "span",
        {},
        words,
        el("span", { class: "text-body-secondary small" }, `${percent(sighting.confidence)} sure, at ${duration(sighting.at_ms)}`),
      ),
    ),
  );
}

byId("sightings").replaceChildren(...clip.sightings.toSorted((a, b) => a.first_us - b.first_us).map(sightingRow));
byId("no-sightings").hidden = clip.sightings.length > 0;
const counts = Object.entries(clip.counts).map(([fate, count]) => `${count} ${FATES[fate] ?? fate}`);
const facts = {
  Camera: el("a", { href: `/cameras/${clip.camera}` }, camera?.name ?? clip.camera),
  Begins: timeOf(clip.first_captured_us),
  Length: duration(clip.duration_ms),
  Picture: `${clip.width} × ${clip.height}, ${clip.frame_count} frames`,
  Frames: counts.join("; "),
  Complete: clip.complete ? "yes, no gap fell into it" : "not known to be: a gap or a start fell into it",
  Size: bytes(clip.video_bytes),
  ...(clip.model ? { Model: `${clip.model.name} ${clip.model.version}` } : {}),
  ...(clip.notes.length ? { Notes: clip.notes.join("; ") } : {}),
  Data: el("a", { href: clip.sidecar }, "sidecar (JSON)"),
};
byId("facts").replaceChildren(...Object.entries(facts).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));

/** The other clips of the same window: the same frames, looked at by another analysis, or as they were recorded. */
async function siblings() {
  const window = clip.id.split(".").slice(2).join(".");
  // Filters go by the log's time, or the cameras'; a window's clips all lie in it by either.
  const query = new URLSearchParams({
    camera: clip.camera, sightings: "any", limit: 50,
    from: new Date(clip.start_ms).toISOString(), to: new Date(clip.start_ms + clip.length_ms).toISOString(),
  });
  const { clips } = await get(`/v1/clips?${query}`);
  return clips.filter((one) => one.id !== clip.id && one.id.endsWith(`.${window}`));
}

function toggle(words, isOn, changed) {
  const box = el("input", { type: "checkbox", class: "form-check-input", checked: isOn, onchange: () => changed(box.checked) });
  return el("label", { class: "form-check mb-0" }, box, words);
}

/** An analysed clip with its boxes or as it was recorded: the boxes are part of the picture, so the video is changed. */
function switchVideo(recorded, isDrawn) {
  const [now, isPlaying] = [video.currentTime, !video.paused];
  const shift = (clip.t0_us - recorded.t0_us) / 1e6;
  video.src = isDrawn ? clip.video : recorded.video;
  video.currentTime = Math.max(0, isDrawn ? now - shift : now + shift);
  if (isPlaying) play();
}

/** A recorded clip with the boxes of one analysis or several, from their sidecars. */
function overlays(analysed) {
  const overlay = new Overlay(video, byId("overlay"), clip);
  return analysed.map((one) =>
    toggle(analysisName(one.analysis), false, async (isOn) => {
      if (isOn) overlay.show(await get(one.sidecar));
      else overlay.hide(one.analysis);
    }),
  );
}

async function offerBoxes() {
  const others = await siblings();
  const recorded = others.find((one) => one.analysis === "recorder");
  const toggles =
    clip.analysis === "recorder"
      ? overlays(others)
      : recorded
        ? [toggle("drawn", true, (isOn) => switchVideo(recorded, isOn))]
        : [];
  byId("boxes").append(...toggles);
  byId("boxes").hidden = toggles.length === 0;
}

const frameSeconds = clip.frame_count > 1 ? clip.duration_ms / 1000 / (clip.frame_count - 1) : 0.1;
function step(frames) {
  video.pause();
  seek(video.currentTime + frames * frameSeconds);
}
for (const button of document.querySelectorAll("[data-step]")) {
  button.addEventListener("click", () => step(Number(button.dataset.step)));
}
byId("speed").addEventListener("change", (event) => { video.playbackRate = Number(event.target.value); });

const KEYS = {
  " ": () => (video.paused ? play() : video.pause()),
  ArrowLeft: () => seek(video.currentTime - 2),
  ArrowRight: () => seek(video.currentTime + 2),
  ",": () => step(-1),
  ".": () => step(1),
  f: () => (document.fullscreenElement ? document.exitFullscreen() : video.requestFullscreen()),
};
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, select, textarea, button, a, dialog");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
});

wireHold(path, clip);
wireShare(path);
wireDialog(byId("delete-dialog"));
byId("delete").addEventListener("click", async () => {
  if (!(await confirmed(byId("delete-dialog")))) return;
  try {
    await remove(path);
    location.assign("/clips");
  } catch (problem) {
    notice(problem.message);
  }
});

await offerBoxes().catch((problem) => notice(problem.message));
