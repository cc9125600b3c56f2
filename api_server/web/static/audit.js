// The audit page: who did what, the newest first.
import { get } from "./api.js";
import { byId, el, showProblem } from "./dom.js";
import { queryOf, showEmpty, wireFilters } from "./filters.js";
import { timeOf } from "./words.js";

const form = byId("filters");
const rows = byId("rows");
const more = byId("more");
const PAGE = 50;
const WORDS = {
  "login": "signed in", "login.failed": "was refused", "logout": "signed out", "plate.search": "searched for a plate",
  "clip.view": "looked at a clip", "recording.view": "looked at a recording", "query.view": "looked at a result",
  "live.watch": "watched live", "clip.delete": "deleted a clip", "audit.view": "read this log", "grant.set": "granted a camera",
  "grant.withdraw": "took a grant back", "user.invite": "invited", "user.change": "changed an account",
  "user.delete": "deleted an account", "user.link": "made a password link", "password.link": "set a password by a link",
  "password.change": "changed their password", "camera.create": "added a camera", "camera.change": "changed a camera",
  "camera.delete": "deleted a camera", "camera.token": "made a camera token", "token.create": "made an API token",
  "token.end": "ended an API token", "query.ask": "asked a query", "recording.upload": "uploaded",
};
let next = null;
let generation = 0;

function how(entry) {
  if (entry.by === "session" || entry.by === "") return entry.address;
  return entry.by === "command" ? "command line" : `${entry.by}, ${entry.address}`;
}

function about(entry) {
  const parts = [entry.target, entry.camera === entry.target ? "" : entry.camera].filter(Boolean);
  return el("td", { class: "mono details" }, parts.join(" · "));
}

function row(entry) {
  const words = Object.entries(entry.details).map(([name, text]) => `${name.replaceAll("_", " ")}: ${text}`).join("; ");
  const details = words.length > 200 ? `${words.slice(0, 200)}…` : words;
  return el(
    "tr",
    { "data-seq": entry.seq, title: `entry ${entry.seq}, hash ${entry.hash.slice(0, 16)}…` },
    el("td", { class: "number" }, timeOf(entry.at_us)),
    el("td", {}, entry.actor_name || el("span", { class: "muted" }, entry.by === "command" ? "lookout" : "nobody")),
    el("td", {}, WORDS[entry.action] ?? entry.action),
    about(entry),
    el("td", { class: "details small", title: words }, details),
    el("td", { class: "small muted" }, how(entry)),
  );
}

async function load(cursor) {
  const mine = generation;
  const query = queryOf(form);
  query.set("limit", PAGE);
  if (cursor) query.set("cursor", cursor);
  const page = await get(`/v1/audit?${query}`);
  if (mine !== generation) return;
  if (!cursor) rows.replaceChildren();
  rows.append(...page.entries.map(row));
  next = page.next;
  more.hidden = next === null;
  byId("log").hidden = rows.children.length === 0;
  showEmpty(rows.children.length === 0, form);
}

async function reload() {
  generation += 1;
  try {
    await load(null);
    showProblem(byId("problem"), null);
  } catch (problem) {
    showProblem(byId("problem"), problem);
  }
}

more.addEventListener("click", async () => {
  more.disabled = true;
  await load(next).catch((problem) => showProblem(byId("problem"), problem));
  more.disabled = false;
});

await wireFilters(form, reload);
await reload();
