// The users page: accounts, their roles, their cameras.
import { all, get, patch, post, put, remove } from "./api.js";
import { badgeClass, byId, confirmed, copy, el, notice, showProblem, wireDialog } from "./dom.js";
import { timeOf } from "./words.js";

const ROLES = ["admin", "operator", "viewer", "auditor"];
const RIGHTS = { operator: ["view", "operate"], viewer: ["view"] };
const STATES = { active: "", invited: "has not set a password yet", disabled: "shut out" };
const PAGE = 50;
const list = byId("users");
const more = byId("more");
const problemLine = byId("problem");
let next = null;

for (const dialog of document.querySelectorAll("dialog")) wireDialog(dialog);

/** Run something that a person asked for; say what went wrong, and show how things are. */
async function tried(work) {
  try {
    await work();
    showProblem(problemLine, null);
  } catch (problem) {
    showProblem(problemLine, problem);
    await reload().catch(() => {});
  }
}

function choice(label, values, chosen, changed) {
  const select = el("select", { class: "form-select form-select-sm w-auto", "aria-label": label, onchange: () => changed(select.value) });
  for (const value of values) select.add(new Option(value, value, false, value === chosen));
  return select;
}

function row(user) {
  const item = el("li", { class: "list-group-item hstack flex-wrap gap-3 py-3", "data-user": user.id });
  const button = (text, work, kind = "secondary") => el("button", { type: "button", class: `btn btn-sm btn-outline-${kind}`, onclick: () => tried(work) }, text);
  const changed = async (body) => item.replaceWith(row(await patch(`/v1/users/${user.id}`, body)));
  const isOut = user.state === "disabled";
  item.append(
    el(
      "div",
      { class: "person" },
      el("strong", {}, user.name),
      user.state === "active" ? null : el("span", { class: `${badgeClass(isOut ? "bad" : "warn")} ms-2` }, STATES[user.state]),
      el("div", { class: "small text-body-secondary" }, "since ", timeOf(user.created_us)),
    ),
    choice(`Role of ${user.name}`, ROLES, user.role, (role) => tried(() => changed({ role }))),
    el(
      "div",
      { class: "hstack flex-wrap gap-2" },
      user.role in RIGHTS ? button(`Cameras (${user.grant_count})`, () => openGrants(user)) : null,
      isOut ? null : button(user.state === "invited" ? "New link" : "Password link", async () => showLink(await post(`/v1/users/${user.id}/link`))),
      user.totp ? button("Drop second factor", async () => {
        await remove(`/v1/users/${user.id}/totp`);
        await reload();
      }) : null,
      button(isOut ? "Let in again" : "Shut out", () => changed({ disabled: !isOut }), isOut ? "secondary" : "danger"),
      button("Delete", () => drop(user, item), "danger"),
    ),
  );
  return item;
}

async function drop(user, item) {
  byId("delete-name").textContent = user.name;
  if (!(await confirmed(byId("delete-dialog")))) return;
  await remove(`/v1/users/${user.id}`);
  item.remove();
  notice(`${user.name} is gone.`);
}

function showLink(answer) {
  byId("link-name").textContent = answer.name;
  byId("link").textContent = location.origin + answer.link_path;
  byId("link-dialog").showModal();
}
byId("copy-link").addEventListener("click", () => copy(byId("link").textContent, byId("link")));
byId("link-dialog").addEventListener("close", () => {
  byId("link").textContent = "";
});

async function openGrants(user) {
  const [grants, cameras] = await Promise.all([all(`/v1/users/${user.id}/grants`, "grants"), all("/v1/cameras", "cameras")]);
  const rights = new Map(grants.map((grant) => [grant.camera, grant.right]));
  const rows = cameras.map((camera) => grantRow(user, camera, rights.get(camera.id) ?? ""));
  byId("grants").replaceChildren(...rows);
  byId("grants-none").hidden = rows.length > 0;
  byId("grants-name").textContent = user.name;
  showProblem(byId("grants-problem"), null);
  byId("grants-dialog").showModal();
}
byId("grants-dialog").addEventListener("close", () => tried(reload));

function grantRow(user, camera, right) {
  const path = `/v1/users/${user.id}/grants/${camera.id}`;
  let known = right;
  const select = choice(`What ${user.name} may do with ${camera.name}`, ["", ...RIGHTS[user.role]], right, async (wanted) => {
    try {
      if (wanted) await put(path, { right: wanted });
      else await remove(path);
      known = wanted;
      showProblem(byId("grants-problem"), null);
    } catch (problem) {
      select.value = known;
      showProblem(byId("grants-problem"), problem);
    }
  });
  select.options[0].text = camera.owner === user.name ? "owns it" : "nothing";
  return el("li", { class: "list-group-item hstack gap-3", "data-camera": camera.id }, el("div", { class: "person" }, camera.name), select);
}

const inviteForm = byId("invite-form");
byId("invite").addEventListener("click", () => {
  inviteForm.reset();
  showProblem(inviteForm.querySelector(".problem"), null);
  byId("invite-dialog").showModal();
});
inviteForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, role } = inviteForm.elements;
  try {
    const made = await post("/v1/users", { name: name.value.trim(), role: role.value });
    byId("invite-dialog").close();
    list.append(row(made));
    showLink(made);
  } catch (problem) {
    showProblem(inviteForm.querySelector(".problem"), problem);
  }
});

async function load(cursor) {
  const page = await get(`/v1/users?limit=${PAGE}${cursor ? `&cursor=${cursor}` : ""}`);
  if (!cursor) list.replaceChildren();
  list.append(...page.users.map(row));
  list.removeAttribute("aria-busy");
  next = page.next;
  more.hidden = next === null;
}
const reload = () => load(null);

more.addEventListener("click", () => tried(() => load(next)));
await tried(reload);
