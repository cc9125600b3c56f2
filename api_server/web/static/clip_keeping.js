// A clip that is held, and links to it for people without an account.
import { all, post, put, remove } from "./api.js";
import { byId, copy, el, notice, showProblem, wireDialog } from "./dom.js";
import { timeOf } from "./words.js";

/** The hold button and what says that the clip is held. */
export function wireHold(path, clip) {
  const dialog = byId("hold-dialog");
  const button = byId("hold");
  let isHeld = clip.held_us !== null;

  function show(reason) {
    button.textContent = isHeld ? "Release" : "Hold";
    byId("delete").disabled = isHeld;
    byId("held").hidden = !isHeld;
    byId("held").textContent = isHeld ? `Held: ${reason}. It stays until it is released.` : "";
  }

  async function release() {
    try {
      await remove(`${path}/hold`);
      isHeld = false;
      show("");
    } catch (problem) {
      notice(problem.message);
    }
  }

  show(clip.hold_reason);
  wireDialog(dialog);
  button.addEventListener("click", () => (isHeld ? release() : dialog.showModal()));
  byId("hold-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const reason = event.target.elements.reason.value.trim();
    try {
      await put(`${path}/hold`, { reason });
      isHeld = true;
      show(reason);
      dialog.close();
    } catch (problem) {
      showProblem(byId("hold-problem"), problem);
    }
  });
}

/** The share button: its dialog makes links and withdraws them. */
export function wireShare(path) {
  const dialog = byId("share-dialog");
  const link = byId("share-link").querySelector("code");

  function row(share) {
    const words = [`until `, timeOf(share.expires_us), share.note ? `, ${share.note}` : "", `, played ${share.plays} times`];
    const withdraw = el("button", { type: "button", class: "btn btn-sm btn-outline-danger", onclick: () => attempt(() => remove(`${path}/shares/${share.id}`)) }, "Withdraw");
    return el("li", { class: "list-group-item hstack gap-3 small", "data-share": share.id }, el("span", { class: "me-auto text-break" }, ...words), withdraw);
  }

  async function list() {
    const shares = await all(`${path}/shares`, "shares");
    byId("shares").replaceChildren(...shares.filter((share) => share.open).map(row));
  }

  async function attempt(work) {
    try {
      await work();
      await list();
      showProblem(byId("share-problem"), null);
    } catch (problem) {
      showProblem(byId("share-problem"), problem);
    }
  }

  function showLink(text) {
    link.textContent = text;
    byId("share-link").hidden = byId("share-once").hidden = text === "";
  }

  wireDialog(dialog);
  byId("share").addEventListener("click", () => {
    showLink("");
    dialog.showModal();
    attempt(async () => {});
  });
  byId("share-copy").addEventListener("click", () => copy(link.textContent, link));
  byId("share-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const { hours, note } = event.target.elements;
    attempt(async () => {
      const made = await post(`${path}/shares`, { hours: Number(hours.value), note: note.value.trim() });
      showLink(new URL(made.path, location.href).href);
    });
  });
}
