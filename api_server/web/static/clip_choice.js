// Choosing clips on a page of cards, to export them.
import { post } from "./api.js";
import { byId, showProblem, wireDialog } from "./dom.js";
import { plural } from "./words.js";

const MOST = 500;
const AROUND_MS = 3000;

/** Wire the "Choose clips" button, where there is one: while it is pressed, a card is chosen instead of opened. */
export function wireChoice(grid) {
  const button = byId("choose");
  if (!button) return;
  const chosen = new Set();
  let isChoosing = false;

  function show() {
    for (const card of grid.children) {
      if (isChoosing) {
        card.setAttribute("role", "checkbox");
        card.setAttribute("aria-checked", chosen.has(card.dataset.clip));
      } else {
        card.removeAttribute("role");
        card.removeAttribute("aria-checked");
      }
    }
    button.setAttribute("aria-pressed", isChoosing);
    byId("chosen").hidden = !isChoosing;
    byId("chosen-count").textContent = `${plural(chosen.size, "clip")} chosen`;
    byId("export").disabled = chosen.size === 0;
  }

  function setChoosing(now) {
    isChoosing = now;
    chosen.clear();
    show();
  }

  function toggle(event) {
    const card = event.target.closest("[data-clip]");
    if (!isChoosing || !card) return;
    event.preventDefault();
    const id = card.dataset.clip;
    if (!chosen.delete(id) && chosen.size < MOST) chosen.add(id);
    show();
  }

  grid.addEventListener("click", toggle);
  grid.addEventListener("keydown", (event) => event.key === " " && toggle(event));
  new MutationObserver(() => isChoosing && show()).observe(grid, { childList: true });
  button.addEventListener("click", () => setChoosing(!isChoosing));
  byId("choose-none").addEventListener("click", () => setChoosing(false));
  byId("choose-all").addEventListener("click", () => {
    for (const card of [...grid.children].slice(0, MOST)) chosen.add(card.dataset.clip);
    show();
  });
  wireExport(() => {
    const cards = [...grid.children].filter((card) => chosen.has(card.dataset.clip));
    return cards.toSorted((a, b) => a.dataset.start - b.dataset.start).map((card) => card.dataset.clip);
  });
}

/** The dialog that makes an export. `chosenClips`: their ids, the oldest first. */
function wireExport(chosenClips) {
  const dialog = byId("export-dialog");
  const form = byId("export-form");
  const { name, kind, around, captions } = form.elements;
  wireDialog(dialog);
  byId("export").addEventListener("click", () => {
    showProblem(byId("export-problem"), null);
    dialog.showModal();
  });
  form.addEventListener("change", () => {
    byId("film-options").hidden = kind.value !== "film";
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const options = kind.value === "film" ? { captions: captions.checked, around_ms: around.checked ? AROUND_MS : null } : {};
    try {
      await post("/v1/exports", { kind: kind.value, name: name.value.trim(), clips: chosenClips(), ...options });
      location.assign("/exports");
    } catch (problem) {
      showProblem(byId("export-problem"), problem);
    }
  });
}
