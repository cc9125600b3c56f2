// A clip as a card: poster, length, what, when.
import { el, picture } from "./dom.js";
import { analysisName, duration, plural, timeOf } from "./words.js";

/** `cameraName`: null where the page is about one camera already. */
export function clipCard(clip, cameraName) {
  const what = clip.analysis === "recorder" ? null : plural(clip.sighting_count, "sighting");
  return el(
    "a",
    { class: "card", href: `/clips/${encodeURIComponent(clip.id)}`, "data-clip": clip.id, "data-start": clip.start_ms },
    el(
      "div",
      { class: "screen" },
      picture(clip.poster, "", "No picture"),
      el("span", { class: "badge bottom" }, duration(clip.duration_ms)),
    ),
    el(
      "div",
      { class: "text" },
      el("h3", {}, cameraName ?? timeOf(clip.t0_us)),
      cameraName ? el("div", { class: "line muted" }, timeOf(clip.t0_us)) : null,
      el(
        "div",
        { class: "line" },
        el("span", { class: "tag" }, analysisName(clip.analysis)),
        what ? el("span", { class: "muted" }, what) : null,
      ),
    ),
  );
}
