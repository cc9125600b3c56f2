// How far behind a camera is, as a row of badges.
import { badgeClass, el } from "./dom.js";
import { analysisName, span } from "./words.js";

const SLACK_S = 5;

/** What to say of one analysis, and how alarming it is. `clipMs`: a clip that is being filled counts as behind. */
export function lagWords(lag, clipMs) {
  if (lag.state === "running") {
    const isBehind = lag.lag_s > clipMs / 1000 + SLACK_S;
    const title = `${lag.lag_messages} pictures not stored yet. ${lag.reason ?? ""}`.trim();
    return { text: `${span(lag.lag_s)} behind`, mood: isBehind ? "warn" : "good", title };
  }
  if (lag.state === "failed") return { text: "stopped", mood: "bad", title: lag.reason ?? "It stopped; its log says why." };
  if (lag.state === "silent") return { text: "silent", mood: "bad", title: "It has not reported for ten seconds." };
  return { text: "not running", mood: "warn", title: "No consumer works on this analysis." };
}

/** Fill a list with one badge per analysis. */
export function fillLags(list, analyses, clipMs) {
  list.replaceChildren(
    ...analyses.map((lag) => {
      const words = lagWords(lag, clipMs);
      return el("li", { class: badgeClass(words.mood), title: words.title }, `${analysisName(lag.analysis)} ${words.text}`);
    }),
  );
}
