// A clip as a card: poster, length, what, when.
import { badgeClass, el, picture } from "./dom.js";
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
      el("span", { class: "badge bottom-0 end-0" }, duration(clip.duration_ms)),
    ),
    el(
      "div",
      { class: "card-body" },
      el("h3", { class: "h6 mb-0" }, cameraName ?? timeOf(clip.t0_us)),
      cameraName ? el("div", { class: "small text-body-secondary" }, timeOf(clip.t0_us)) : null,
      el(
        "div",
        { class: "hstack flex-wrap justify-content-between gap-2" },
        el("span", { class: badgeClass() }, analysisName(clip.analysis)),
        what ? el("span", { class: "small text-body-secondary" }, what) : null,
      ),
    ),
  );
}
