// The page of a camera's analyses, zones and lines.
import { AnalysisPanel } from "./analysis_panel.js";
import { call, get } from "./api.js";
import { byId, notice, showProblem } from "./dom.js";
import { Live } from "./live.js";
import { FieldError } from "./option_fields.js";
import { Places } from "./places.js";
import { PlacesEditor } from "./places_editor.js";
import { PlacesList } from "./places_list.js";
import { Screen } from "./screen.js";

const form = byId("settings");
const path = `/v1/cameras/${form.dataset.camera}`;
const HINTS = {
  zone: "Click corner after corner, and the first one again. Enter sets one in the middle.",
  line: "Click where it begins, and where it ends. Enter sets one in the middle.",
};
let camera = await get(path);
const offer = await get("/v1/analyses");

// Places over the newest picture

const places = new Places((isDrawn) => {
  editor?.render();
  list?.render();
  if (isDrawn) changed();
});
const buttons = { zone: byId("draw-zone"), line: byId("draw-line") };
const editor = new PlacesEditor(byId("places"), places, (kind) => {
  for (const [name, button] of Object.entries(buttons)) button.setAttribute("aria-pressed", String(name === kind));
  byId("cancel-drawing").hidden = kind === null;
  byId("hint").textContent = kind ? HINTS[kind] : "";
});
const list = new PlacesList(byId("place-list"), places);
for (const [kind, button] of Object.entries(buttons)) button.addEventListener("click", () => editor.begin(kind));
byId("cancel-drawing").addEventListener("click", () => editor.cancel());

const screen = new Screen(camera.id, camera.name);
screen.mount(byId("screen"));
const fit = () => {
  const { width, height } = screen.isLive ? screen.canvas : { width: screen.still.naturalWidth, height: screen.still.naturalHeight };
  if (width && height) editor.setSize(width, height);
};
new Live([camera.id], () => screen.canvas, (_, isLive) => {
  screen.setLive(isLive);
  fit();
}, 5);
const lookForStill = async () => {
  await screen.refreshStill().catch(() => {});
  screen.still.addEventListener("load", fit);
  fit();
};
lookForStill();
setInterval(lookForStill, 11_000);

// Fields

let panels = [];

function fill() {
  places.load(camera);
  const known = new Map(camera.analyses.map((one) => [one.name, one]));
  panels = offer.analyses.map((analysis) => new AnalysisPanel(analysis, known.get(analysis.name), camera, offer));
  byId("analyses").replaceChildren(...panels.map((panel) => panel.element));
  byId("analyses").removeAttribute("aria-busy");
  const { clip_s, policy } = form.elements;
  [clip_s.min, clip_s.max, clip_s.step] = [offer.clip_ms_min / 1000, offer.clip_ms_max / 1000, "any"];
  clip_s.value = camera.clip_ms / 1000;
  policy.value = camera.policy;
  byId("changed").textContent = "";
}

function changed() {
  byId("changed").textContent = "Not saved yet";
}

function body() {
  const retention_hours = { ...camera.retention_hours };
  for (const panel of panels) {
    const hours = panel.retentionHours();
    if (hours === undefined) delete retention_hours[panel.name];
    else retention_hours[panel.name] = hours;
  }
  const known = new Set(panels.map((panel) => panel.name));
  const analyses = [...panels.filter((panel) => panel.isOn).map((panel) => panel.read()), ...camera.analyses.filter((one) => !known.has(one.name))];
  const purposes = Object.assign({}, ...panels.map((panel) => panel.purposeBody()));
  return { ...places.body(), ...purposes, analyses, clip_ms: Math.round(Number(form.elements.clip_s.value) * 1000), policy: form.elements.policy.value, retention_hours };
}

// Problems, each at its field

function clearProblems() {
  for (const line of form.querySelectorAll(".field-problem")) line.hidden = true;
  showProblem(byId("problem"), null);
}

/** Whether there is a place for the words. */
function tell({ path: where, message }, sent) {
  const [first, second, ...rest] = where.split(".");
  if (first === "zones" || first === "lines") {
    const item = places.at(first, Number(second));
    if (item) list.tell(item, `${rest[0] ?? ""} ${message}`.trim());
    return Boolean(item);
  }
  const names = { analyses: () => `${sent?.analyses[Number(second)]?.name}.${rest.join(".") || "name"}`, retention_hours: () => `${second}.retention` };
  const line = form.querySelector(`.field-problem[data-path="${CSS.escape(names[first]?.() ?? where)}"]`);
  if (!line) return false;
  line.textContent = message;
  line.hidden = false;
  line.closest("label, fieldset, section")?.querySelector("input, select")?.focus();
  return true;
}

function tellAll(problem, sent) {
  const fields = problem instanceof FieldError ? [{ path: problem.path, message: problem.message }] : (problem.fields ?? []);
  const isTold = fields.map((field) => tell(field, sent));
  const isAtFields = fields.length > 0 && isTold.every(Boolean);
  showProblem(byId("problem"), isAtFields ? { message: "Not saved: see what is marked below." } : problem);
}

form.addEventListener("input", changed);
form.addEventListener("change", changed);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clearProblems();
  let sent = null;
  const before = new Set(camera.analyses.map((one) => one.name));
  try {
    sent = body();
    camera = await call("PATCH", path, sent, { "If-Match": `"v${camera.version}"` });
    fill();
    const isWaiting = Object.keys(camera.notes).some((name) => !before.has(name));
    notice(isWaiting ? "Saved. Something else has to be done before it acts: it says so where you switched it on." : "Saved. It acts within a few seconds.");
  } catch (problem) {
    tellAll(problem, sent);
  }
});

fill();
