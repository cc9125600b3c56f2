// One camera: live picture, lag, newest clips, settings.
import { get, patch, post, put, remove, repeat, whole } from "./api.js";
import { fillForm, isRecording, keepIntervals, readForm, showToken, wireForm } from "./camera_form.js";
import { fillState, placeWords } from "./camera_state.js";
import { clipCard } from "./clip_card.js";
import { byId, confirmed, notice, showProblem, wireDialog } from "./dom.js";
import { fillLags } from "./lag.js";
import { Live } from "./live.js";
import { Screen } from "./screen.js";

const id = byId("camera").dataset.camera;
const form = byId("settings");
const update = wireForm(form);
let camera = await get(`/v1/cameras/${id}`);
fillForm(form, camera);
update();
fillState(byId("state"), camera.state);
byId("place").textContent = placeWords(camera);

function showRecording() {
  const isOn = isRecording(camera);
  byId("record").textContent = isOn ? "Stop recording" : "Start recording";
  byId("record").setAttribute("aria-pressed", String(isOn));
  byId("record-words").textContent = isOn ? "What it sends is recorded." : "What it sends is not recorded.";
}
showRecording();

byId("record").addEventListener("click", async () => {
  byId("record").disabled = true;
  try {
    camera = await put(`/v1/cameras/${id}/recording`, { on: !isRecording(camera) });
    fillForm(form, camera);
    update();
    showRecording();
    notice(isRecording(camera) ? "Recording starts within a few seconds." : "Recording stops within a few seconds.");
  } catch (problem) {
    notice(problem.message);
  }
  byId("record").disabled = false;
});

const screen = new Screen(id, camera.name);
screen.mount(byId("screen"));
new Live([id], () => screen.canvas, (_, isLive) => screen.setLive(isLive), 15);

repeat(2, async () => {
  const status = await whole("/v1/status", "cameras");
  const mine = status.cameras.find((one) => one.camera === id);
  if (mine) {
    fillState(byId("state"), mine.state);
    fillLags(byId("lags"), mine.analyses, camera.clip_ms);
  }
  await screen.refreshStill();
});

repeat(5, async () => {
  const { clips } = await get(`/v1/clips?camera=${id}&limit=8`);
  const shown = [...byId("clips").children].map((card) => card.dataset.clip).join();
  if (clips.map((clip) => clip.id).join() !== shown) byId("clips").replaceChildren(...clips.map((clip) => clipCard(clip, null)));
  byId("no-clips").hidden = clips.length > 0;
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const before = new Set(camera.analyses.map((one) => one.name));
  try {
    camera = await patch(`/v1/cameras/${id}`, keepIntervals(readForm(form), camera));
    byId("name").textContent = camera.name;
    byId("place").textContent = placeWords(camera);
    showRecording();
    showProblem(form.querySelector(".problem"), null);
    notice("Saved. It acts within a few seconds.");
    for (const [name, sentence] of Object.entries(camera.notes)) if (!before.has(name)) notice(sentence);
  } catch (problem) {
    showProblem(form.querySelector(".problem"), problem);
  }
});

byId("rotate").addEventListener("click", async () => {
  try {
    await showToken(await post(`/v1/cameras/${id}/token?overlap_s=${byId("overlap").value}`));
  } catch (problem) {
    notice(problem.message);
  }
});

wireDialog(byId("delete-dialog"));
byId("delete").addEventListener("click", async () => {
  if (!(await confirmed(byId("delete-dialog")))) return;
  try {
    await remove(`/v1/cameras/${id}`);
    location.assign("/");
  } catch (problem) {
    notice(problem.message);
  }
});
