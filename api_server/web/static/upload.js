// Uploading a video, with its progress. fetch tells nothing of a body under way, so this is an XMLHttpRequest.
import { byId, notice, showProblem } from "./dom.js";
import { bytes, percent } from "./words.js";

const csrf = document.querySelector('meta[name="csrf-token"]').content;
const dialog = byId("upload-dialog");
const form = byId("upload-form");
const box = form.querySelector(".problem");
const bar = byId("upload-bar");
let running = null;

function tell(message) {
  showProblem(box, message ? new Error(message) : null);
}

function settle() {
  running = null;
  form.querySelector('[type="submit"]').disabled = false;
  byId("upload-progress").hidden = true;
}

function send(file, recordedAt, done) {
  const query = new URLSearchParams({ name: file.name });
  if (recordedAt) query.set("recorded_at", new Date(recordedAt).toISOString());
  const request = new XMLHttpRequest();
  running = request;
  request.open("POST", `/v1/recordings?${query}`);
  request.setRequestHeader("X-CSRF-Token", csrf);
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.upload.addEventListener("progress", (event) => {
    bar.value = (100 * event.loaded) / event.total;
    const words = `${percent(event.loaded / event.total)} of ${bytes(event.total)}`;
    byId("upload-words").textContent = event.loaded < event.total ? words : `${words}: it is being stored.`;
  });
  request.addEventListener("loadend", () => {
    settle();
    if (request.status === 201) {
      dialog.close();
      notice("Uploaded.");
      done();
      return;
    }
    let message = request.status === 0 ? "The upload was cut. Try again." : `The server answered ${request.status}.`;
    try {
      message = JSON.parse(request.responseText).message ?? message;
    } catch {
      // no JSON: a proxy's answer, or none
    }
    if (!request.wasAborted) tell(message);
  });
  byId("upload-progress").hidden = false;
  bar.value = 0;
  request.send(file);
}

/** Wire the button and its dialog; `done` is called after each upload. */
export function wireUpload(done) {
  const stop = () => {
    if (running) {
      running.wasAborted = true;
      running.abort();
    }
  };
  byId("upload").addEventListener("click", () => {
    form.reset();
    tell(null);
    dialog.showModal();
  });
  byId("upload-cancel").addEventListener("click", () => {
    stop();
    dialog.close();
  });
  dialog.addEventListener("cancel", stop);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const file = form.elements.file.files[0];
    if (!file || running) return;
    tell(null);
    form.querySelector('[type="submit"]').disabled = true;
    send(file, form.elements.recorded_at.value, done);
  });
}
