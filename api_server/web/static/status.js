// How far behind every camera is, and who works on it.
import { all, repeat, whole } from "./api.js";
import { badgeClass, byId, el, showProblem } from "./dom.js";
import { lagWords } from "./lag.js";
import { analysisName, timeOf } from "./words.js";

const known = await all("/v1/cameras", "cameras").catch(() => []);
const cameras = new Map(known.map((camera) => [camera.id, camera]));

function lagRow(camera, lag, isFirst) {
  const about = cameras.get(camera.camera);
  const words = lagWords(lag, about?.clip_ms ?? 0);
  return el(
    "tr",
    {},
    el("td", {}, isFirst ? el("a", { href: `/cameras/${camera.camera}` }, about?.name ?? camera.camera) : ""),
    el("td", {}, analysisName(lag.analysis)),
    el("td", {}, el("span", { class: badgeClass(words.mood), title: words.title }, words.text), why(lag.reason)),
    el("td", { class: "number text-end" }, lag.lag_messages === null ? "–" : String(lag.lag_messages)),
    el("td", { class: "small font-monospace" }, lag.instance ?? "nobody"),
  );
}

/** Why it has stopped, or what it waits for. */
function why(reason) {
  return reason ? el("div", { class: "small" }, reason) : null;
}

function consumerRow(consumer) {
  const isWell = consumer.state === "running" && !consumer.reason;
  const mood = consumer.is_silent || consumer.state === "failed" ? "bad" : isWell ? "good" : "warn";
  const frames = Object.entries(consumer.counts).map(([fate, count]) => `${count} ${fate.replaceAll("_", " ")}`);
  return el(
    "tr",
    {},
    el("td", { class: "small font-monospace" }, consumer.instance),
    el("td", {}, analysisName(consumer.analysis)),
    el("td", {}, el("span", { class: badgeClass(mood), title: consumer.reason }, consumer.is_silent ? "silent" : consumer.state), why(consumer.reason)),
    el("td", { class: "number text-end" }, String(consumer.threads)),
    el("td", { class: "number text-end" }, String(consumer.in_flight)),
    el("td", { class: "number text-end" }, String(consumer.unsettled_windows)),
    el("td", { class: "number" }, consumer.partitions.join(" ") || "–"),
    el("td", { class: "small" }, frames.join(", ") || "–"),
  );
}

repeat(
  2,
  async () => {
    const status = await whole("/v1/status", "cameras");
    byId("lags").replaceChildren(...status.cameras.flatMap((camera) => camera.analyses.map((lag, n) => lagRow(camera, lag, n === 0))));
    byId("no-cameras").hidden = status.cameras.length > 0;
    if (byId("consumers")) {
      byId("consumers").replaceChildren(...status.consumers.map(consumerRow));
      byId("no-consumers").hidden = status.consumers.length > 0;
      byId("light").hidden = !status.light_database;
    }
    byId("fresh").replaceChildren("as of ", timeOf(status.now_us));
  },
  (problem) => showProblem(byId("problem"), problem),
);
