// One's own account: sessions, API tokens, password.
import { all, post, put, remove } from "./api.js";
import { badgeClass, byId, copy, el, notice, showProblem, wireDialog } from "./dom.js";
import { dateOf, timeOf } from "./words.js";

for (const dialog of document.querySelectorAll("dialog")) wireDialog(dialog);

async function tried(work) {
  try {
    await work();
    showProblem(byId("problem"), null);
  } catch (problem) {
    showProblem(byId("problem"), problem);
  }
}

/** "Firefox on Linux", as far as a browser tells. */
function browserName(agent) {
  const browser = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]].find(([mark]) => agent.includes(mark));
  const system = ["Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux"].find((name) => agent.includes(name));
  return browser ? browser[1] + (system ? ` on ${system}` : "") : agent.slice(0, 60) || "an unnamed program";
}

function sessionRow(session) {
  const end = el("button", { type: "button", class: "btn btn-sm btn-outline-secondary", onclick: () => tried(async () => {
    await remove(`/v1/account/sessions/${session.id}`);
    await loadSessions();
  }) }, "End");
  return el(
    "li",
    { class: "list-group-item hstack gap-3", "data-session": session.id },
    el(
      "div",
      { class: "person" },
      browserName(session.agent),
      session.current ? el("span", { class: `${badgeClass("good")} ms-2` }, "this one") : null,
      el("div", { class: "small text-body-secondary" }, `from ${session.address || "an unknown address"}, last used `, timeOf(session.used_us)),
    ),
    session.current ? null : end,
  );
}

async function loadSessions() {
  const sessions = await all("/v1/account/sessions", "sessions");
  byId("sessions").replaceChildren(...sessions.map(sessionRow));
  byId("sessions").removeAttribute("aria-busy");
  byId("end-others").hidden = sessions.length < 2;
}

byId("end-others").addEventListener("click", () => tried(async () => {
  await remove("/v1/account/sessions");
  await loadSessions();
}));

function tokenRow(token) {
  const end = el("button", { type: "button", class: "btn btn-sm btn-outline-danger", onclick: () => tried(async () => {
    await remove(`/v1/account/tokens/${token.id}`);
    await loadTokens();
    notice(`${token.name} no longer works.`);
  }) }, "End");
  const used = token.used_us ? [", last used ", timeOf(token.used_us)] : [", never used"];
  return el(
    "li",
    { class: "list-group-item hstack gap-3", "data-token": token.id },
    el(
      "div",
      { class: "person" },
      el("strong", {}, token.name),
      ...token.scopes.map((scope) => el("span", { class: `${badgeClass()} ms-2` }, scope)),
      el("div", { class: "small text-body-secondary" }, `until ${dateOf(token.expires_us)}`, ...used),
    ),
    end,
  );
}

async function loadTokens() {
  const tokens = await all("/v1/account/tokens", "tokens");
  byId("tokens").replaceChildren(...tokens.map(tokenRow));
  byId("tokens").removeAttribute("aria-busy");
  byId("no-tokens").hidden = tokens.length > 0;
}

const tokenForm = byId("token-form");
byId("add-token").addEventListener("click", () => {
  tokenForm.reset();
  showProblem(tokenForm.querySelector(".problem"), null);
  byId("token-form-dialog").showModal();
});
tokenForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const scopes = [...tokenForm.querySelectorAll('[name="scope"]:checked')].map((box) => box.value);
  try {
    const made = await post("/v1/account/tokens", {
      name: tokenForm.elements.name.value,
      scopes,
      days: Number(tokenForm.elements.days.value),
    });
    byId("token-form-dialog").close();
    byId("token").textContent = made.token;
    byId("token-dialog").showModal();
    await tried(loadTokens);
  } catch (problem) {
    const said = scopes.length ? problem : { message: "Choose at least one thing that it may do." };
    showProblem(tokenForm.querySelector(".problem"), said);
  }
});
byId("copy-token").addEventListener("click", () => copy(byId("token").textContent, byId("token")));
byId("token-dialog").addEventListener("close", () => {
  byId("token").textContent = "";
});

const passwordForm = byId("password-form");
passwordForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { current, new: fresh } = passwordForm.elements;
  try {
    await put("/v1/account/password", { current: current.value, new: fresh.value });
    // The session is a new one, and so is the page's token for it.
    location.reload();
  } catch (problem) {
    showProblem(passwordForm.querySelector(".problem"), problem);
  }
});

await tried(loadSessions);
await tried(loadTokens);
