// Uploading a video, with its progress; and importing one that lies in the store.
import { post } from "./api.js";
import { byId, notice, showProblem, wireDialog } from "./dom.js";
import { ResumableUpload } from "./resumable.js";
import { bytes, percent } from "./words.js";

const dialog = byId("upload-dialog");
const form = byId("upload-form");
const box = form.querySelector(".problem");
const bar = byId("upload-bar");
let running = null;

function show(file, there, isWaiting) {
  if (there !== null) bar.value = (100 * there) / file.size;
  const words = `${percent(bar.value / 100)} of ${bytes(file.size)}`;
  const state = isWaiting ? ": the connection is gone; it goes on when it is back." : bar.value < 100 ? "" : ": it is being stored.";
  byId("upload-words").textContent = words + state;
}

async function send(file, recordedAt, done) {
  running = new ResumableUpload(file, recordedAt, (there, isWaiting) => show(file, there, isWaiting));
  form.querySelector('[type="submit"]').disabled = true;
  byId("upload-progress").hidden = false;
  bar.value = 0;
  show(file, 0, false);
  try {
    if ((await running.run()) !== null) {
      dialog.close();
      notice("Uploaded.");
      done();
    }
  } catch (problem) {
    showProblem(box, problem);
  } finally {
    running = null;
    form.querySelector('[type="submit"]').disabled = false;
    byId("upload-progress").hidden = true;
  }
}

/** Wire the button and its dialog; `done` is called after each upload. */
export function wireUpload(done) {
  const stop = () => running?.cancel();
  byId("upload").addEventListener("click", () => {
    form.reset();
    showProblem(box, null);
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
    showProblem(box, null);
    send(file, form.elements.recorded_at.value, done);
  });
}

/** The dialog that takes s3://bucket/key, where the page has it. */
export function wireImport(done) {
  const imports = byId("import-dialog");
  if (!imports) return;
  const asked = byId("import-form");
  wireDialog(imports);
  byId("import").addEventListener("click", () => {
    asked.reset();
    showProblem(asked.querySelector(".problem"), null);
    imports.showModal();
  });
  asked.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = asked.querySelector('[type="submit"]');
    const { source, recorded_at: recordedAt } = asked.elements;
    const body = { source: source.value.trim() };
    if (recordedAt.value) body.recorded_at = new Date(recordedAt.value).toISOString();
    button.disabled = true;
    button.textContent = "Copying…";
    try {
      await post("/v1/recordings/import", body);
      imports.close();
      notice("Imported.");
      done();
    } catch (problem) {
      showProblem(asked.querySelector(".problem"), problem);
    } finally {
      button.disabled = false;
      button.textContent = "Import";
    }
  });
}
