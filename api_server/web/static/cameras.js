// The cameras page.
import { all, post, repeat, whole } from "./api.js";
import { curlLine, isRecording, readForm, showToken, wireForm } from "./camera_form.js";
import { fillState, placeWords } from "./camera_state.js";
import { byId, dropGone, el, notice, showProblem, wireDialog } from "./dom.js";
import { fillLags } from "./lag.js";
import { Live } from "./live.js";
import { Screen } from "./screen.js";

const grid = byId("cameras");
const cards = new Map();
let live = null;
let turn = 0;

function makeCard(camera) {
  const screen = new Screen(camera.id, camera.name);
  const frame = el("a", { class: "screen", href: `/cameras/${camera.id}`, tabindex: "-1", "aria-hidden": "true" });
  const lags = el("ul", { class: "badges", "aria-label": `How far behind ${camera.name} is` });
  const state = el("ul", { class: "badges", "aria-label": `State of ${camera.name}` });
  const place = el("div", { class: "small text-body-secondary" });
  const name = el("a", { class: "link-body-emphasis text-decoration-none", href: `/cameras/${camera.id}` }, camera.name);
  const recording = el("span", { class: "badge rec top-0 end-0", hidden: true, title: "What it sends is recorded." }, "rec");
  screen.mount(frame);
  frame.append(recording);
  const card = el(
    "article",
    { class: "card", "data-camera": camera.id },
    frame,
    el(
      "div",
      { class: "card-body" },
      el("div", { class: "hstack gap-2" }, el("h2", { class: "h6 mb-0 me-auto" }, name), el("a", { class: "small", href: `/clips?camera=${camera.id}` }, "Clips")),
      place,
      state,
      lags,
    ),
  );
  return { card, screen, lags, name, recording, state, place };
}

async function refreshCameras() {
  turn += 1;
  const mine = turn;
  const cameras = await all("/v1/cameras", "cameras");
  if (mine !== turn) return; // asked before a camera was added, and answered after it
  const before = [...cards.keys()].join();
  dropGone(cameras, cards, ({ card }) => card);
  for (const camera of cameras) {
    if (!cards.has(camera.id)) {
      cards.set(camera.id, makeCard(camera));
      grid.append(cards.get(camera.id).card);
    }
    const known = cards.get(camera.id);
    known.name.textContent = camera.name;
    known.clipMs = camera.clip_ms;
    known.place.textContent = placeWords(camera);
    known.place.hidden = known.place.textContent === "";
    fillState(known.state, camera.state);
    known.recording.hidden = !isRecording(camera);
  }
  byId("empty").hidden = cameras.length > 0;
  grid.removeAttribute("aria-busy");
  if ([...cards.keys()].join() !== before) watch();
}

function watch() {
  live?.stop();
  live = new Live(
    [...cards.keys()].slice(0, 64),
    (camera) => cards.get(camera)?.screen.canvas,
    (camera, isLive) => cards.get(camera)?.screen.setLive(isLive),
    5,
  );
}

async function refreshStatus() {
  const status = await whole("/v1/status", "cameras");
  for (const camera of status.cameras) {
    const known = cards.get(camera.camera);
    if (!known) continue;
    fillState(known.state, camera.state);
    fillLags(known.lags, camera.analyses, known.clipMs);
  }
  for (const { screen } of cards.values()) await screen.refreshStill();
}

const addDialog = byId("add-dialog");
const addForm = byId("add-form");
wireDialog(addDialog);
wireForm(addForm);
const openAdd = () => {
  addForm.reset();
  showProblem(addForm.querySelector(".problem"), null);
  addDialog.showModal();
};
byId("add").addEventListener("click", openAdd);
for (const button of document.querySelectorAll("[data-add]")) button.addEventListener("click", openAdd);
addForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = addForm.querySelector('[type="submit"]');
  button.disabled = true;
  try {
    const camera = await post("/v1/cameras", readForm(addForm));
    addDialog.close();
    await refreshCameras();
    await showToken(camera);
  } catch (problem) {
    showProblem(addForm.querySelector(".problem"), problem);
  } finally {
    button.disabled = false;
  }
});

const port = document.querySelector('meta[name="ingest-port"]').content;
byId("empty-curl").textContent = curlLine(port, "/v1/cameras/CAMERA/frames", "TOKEN");

let told = null;
const tell = (problem) => {
  if (problem && problem.message !== told) notice(problem.message);
  told = problem?.message ?? null;
};
await repeat(10, refreshCameras, tell);
repeat(2, refreshStatus, tell);
