// How a query is, as people read it.
import { percent, plural, span } from "./words.js";

export const isActive = (query) => query.state === "received" || query.state === "processing";

export const moodOf = (query) => ({ finished: "good", failed: "bad", cancelled: "", received: "warn", processing: "warn" })[query.state] ?? "";

/** "33 % · 15 frames/s · 20 s to go", or how it ended. */
export function progressWords(query) {
  if (query.state === "finished") return plural(query.sighting_count, "sighting");
  if (query.state === "failed") return query.reason ?? "It failed.";
  if (query.state === "cancelled") return "Cancelled.";
  if (query.progress.parts === null) return "Looking at the video…";
  const words = [percent(query.progress.percent / 100)];
  if (query.progress.frames_per_s !== null) words.push(`${query.progress.frames_per_s} frames/s`);
  if (query.progress.eta_s !== null && query.progress.percent < 99) words.push(`about ${span(query.progress.eta_s)} to go`);
  return words.join(" · ");
}

/** Set a progress bar; an unknown length moves by itself. */
export function setBar(bar, query) {
  if (query.progress.parts === null) bar.removeAttribute("value");
  else bar.value = query.progress.percent;
}

/** A wall time, or a place in a video of unknown time. */
export const isWallTime = (us) => us > 1e15;

/** "yolox_nano 0.1.1 (d39bee73564e)": which weights spoke. Several files are joined by +, several models by /. */
export function modelWords(model) {
  const short = model.sha256.replace(/[0-9a-f]{13,}/g, (digest) => digest.slice(0, 12));
  return `${model.name} ${model.version} (${short})`;
}
