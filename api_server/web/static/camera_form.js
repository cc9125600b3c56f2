// The fields of a camera, read from and written to a form; and the dialog that shows a token once.
import { byId, copy, wireDialog } from "./dom.js";

const DAY_MS = 24 * 3600 * 1000;

/** Show the purpose only when emotion is chosen; suggest a month from now. */
export function wireForm(form) {
  const emotion = form.querySelector('input[value="emotion"]');
  const purpose = form.querySelector(".purpose");
  const update = () => {
    purpose.hidden = !emotion.checked;
    form.elements.purpose.required = emotion.checked;
    form.elements.purpose_until.required = emotion.checked;
    if (emotion.checked && !form.elements.purpose_until.value) {
      form.elements.purpose_until.value = dateValue(Date.now() + 30 * DAY_MS);
    }
  };
  emotion.addEventListener("change", update);
  form.addEventListener("reset", () => setTimeout(update));
  update();
  return update;
}

/** Analyses that the form has a box for. */
const SHOWN = new Set(["recorder", "emotion", "license_plate"]);

export const isRecording = (camera) => camera.analyses.some((analysis) => analysis.name === "recorder");

/** What the form says, as the body of a request. */
export function readForm(form) {
  const fields = form.elements;
  const chosen = [...form.querySelectorAll('input[name="analysis"]:checked')].map((box) => ({ name: box.value }));
  const hasEmotion = chosen.some((analysis) => analysis.name === "emotion");
  const until = new Date(`${fields.purpose_until.value}T23:59:59`).getTime();
  return {
    name: fields.name.value,
    place: fields.place.value,
    kind: fields.kind.value,
    ...addressOf(fields),
    analyses: chosen,
    clip_ms: Number(fields.clip_ms.value),
    policy: fields.policy.value,
    emotion_purpose: hasEmotion ? { text: fields.purpose.value, expires_us: until * 1000 } : null,
  };
}

/** Left alone unless something was typed, or it is to be forgotten. */
function addressOf(fields) {
  if (fields.address.value.trim()) return { address: fields.address.value.trim() };
  return fields.clear_address.checked ? { address: null } : {};
}

/** Write a camera into the form. */
export function fillForm(form, camera) {
  const fields = form.elements;
  fields.name.value = camera.name;
  fields.place.value = camera.place;
  fields.kind.value = camera.kind;
  fields.address.value = "";
  fields.clear_address.checked = false;
  form.querySelector("[data-address]").textContent = camera.address ? `(${camera.address} is set; what you type replaces it)` : "";
  form.querySelector("[data-clear-address]").hidden = !camera.address;
  const names = new Set(camera.analyses.map((analysis) => analysis.name));
  for (const box of form.querySelectorAll('input[name="analysis"]')) box.checked = names.has(box.value);
  if (![...fields.clip_ms.options].some((option) => Number(option.value) === camera.clip_ms)) {
    fields.clip_ms.add(new Option(`${camera.clip_ms / 1000} seconds`, camera.clip_ms));
  }
  fields.clip_ms.value = camera.clip_ms;
  fields.policy.value = camera.policy;
  fields.purpose.value = camera.emotion_purpose?.text ?? "";
  fields.purpose_until.value = camera.emotion_purpose ? dateValue(camera.emotion_purpose.expires_us / 1000) : "";
}

/** What somebody set by the API (intervals, options, analyses the page does not show) stays as it is when the page saves. */
export function keepIntervals(body, camera) {
  const before = new Map(camera.analyses.map((analysis) => [analysis.name, analysis]));
  for (const analysis of body.analyses) {
    const known = before.get(analysis.name);
    if (known?.every_ms !== null && known?.every_ms !== undefined) analysis.every_ms = known.every_ms;
    if (known?.options) analysis.options = known.options;
  }
  for (const known of camera.analyses) {
    if (!SHOWN.has(known.name)) body.analyses.push(known);
  }
  return body;
}

const ingestServer = (port) => `http://${location.hostname}:${port}`;

export function curlLine(port, path, token) {
  return (
    `curl -X POST ${ingestServer(port)}${path} -H 'Authorization: Bearer ${token}' ` +
    "-H 'Content-Type: image/jpeg' --data-binary @picture.jpg"
  );
}

/** Show a token once, with lines to paste; resolves when it is closed. */
export function showToken(camera) {
  const dialog = byId("token-dialog");
  const words = {
    name: camera.name,
    token: camera.token,
    curl: curlLine(camera.ingest_port, camera.ingest_path, camera.token),
    client:
      `python -m camera_client --source 0 --server ${ingestServer(camera.ingest_port)} ` +
      `--camera ${camera.id} --token ${camera.token} --fps 10`,
  };
  for (const [key, text] of Object.entries(words)) dialog.querySelector(`[data-fill="${key}"]`).textContent = text;
  for (const button of dialog.querySelectorAll("[data-copy]")) {
    const source = dialog.querySelector(`[data-fill="${button.dataset.copy}"]`);
    button.onclick = () => copy(source.textContent, source);
  }
  wireDialog(dialog);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
}

const dateValue = (ms) => {
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 10);
};
