// Asking a query about a recording, in a dialog.
import { post } from "./api.js";
import { byId, notice, showProblem, wireDialog } from "./dom.js";
import { dayValue, endOfDay, gateOf } from "./purpose_fields.js";
import { QueryChoice } from "./query_choice.js";

const DAY_MS = 24 * 3600 * 1000;
const dialog = byId("query-dialog");
const form = byId("query-form");
const fields = form.elements;
const purpose = form.querySelector(".purpose");
const choice = new QueryChoice(form);
let about = null;

/** A time for an input of type datetime-local, in local time. */
export function localTime(ms) {
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function update() {
  const needsPurpose = choice.purpose !== null && about.source === "upload";
  const gate = gateOf(fields.analysis.value);
  purpose.hidden = !needsPurpose;
  purpose.querySelector("legend").textContent = gate.legend;
  purpose.querySelector("p").textContent = gate.law;
  fields.purpose.placeholder = gate.example;
  fields.purpose.required = needsPurpose;
  fields.purpose_until.required = needsPurpose;
  if (needsPurpose && !fields.purpose_until.value) fields.purpose_until.value = dayValue(Date.now() + 30 * DAY_MS);
  for (const one of form.querySelectorAll("[data-only]")) one.hidden = one.dataset.only !== fields.analysis.value;
  choice.update();
}

/** `name`: what people call the recording. */
export async function askAbout(recording, name) {
  await choice.load().catch((problem) => notice(problem.message));
  about = recording;
  form.reset();
  showProblem(form.querySelector(".problem"), null);
  byId("query-name").textContent = name;
  const isCamera = recording.source === "camera";
  byId("query-range").hidden = !isCamera;
  fields.from.required = isCamera;
  fields.to.required = isCamera;
  if (isCamera) {
    fields.from.value = localTime(Math.floor(recording.start_us / 1e6) * 1000);
    fields.to.value = localTime(Math.ceil(recording.end_us / 1e6) * 1000);
  }
  update();
  dialog.showModal();
}

function body() {
  const options = choice.read();
  if (fields.every_ms.value) options.every_ms = Number(fields.every_ms.value);
  if (fields.min_confidence.value) options.min_confidence = Number(fields.min_confidence.value);
  if (fields.mode.value && fields.analysis.value === "license_plate") options.mode = fields.mode.value;
  const asked = { analysis: fields.analysis.value, options, force: fields.force.checked };
  if (about.source === "camera") {
    Object.assign(asked, {
      camera: about.camera,
      from: new Date(fields.from.value).getTime(),
      to: new Date(fields.to.value).getTime(),
    });
  } else {
    asked.recording = about.id;
    if (choice.purpose !== null) asked[choice.purpose] = { text: fields.purpose.value, expires_us: endOfDay(fields.purpose_until.value) };
  }
  return asked;
}

wireDialog(dialog);
fields.analysis.addEventListener("change", update);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector('[type="submit"]');
  button.disabled = true;
  try {
    const query = await post("/v1/queries", body());
    location.assign(`/queries/${query.id}`);
  } catch (problem) {
    showProblem(form.querySelector(".problem"), problem);
  } finally {
    button.disabled = false;
  }
});
