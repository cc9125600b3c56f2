// The audit page: who did what, the newest first.
import { byId, el } from "./dom.js";
import { showEmpty, wireFilters } from "./filters.js";
import { pagedList } from "./paging.js";
import { timeOf } from "./words.js";

const form = byId("filters");
const rows = byId("rows");
const PAGE = 50;
const WORDS = {
  "login": "signed in", "login.failed": "was refused", "logout": "signed out", "plate.search": "searched for a plate",
  "person.search": "searched for a person", "retention.expire": "let expire", "retention.cap": "made room",
  "clip.view": "looked at a clip", "recording.view": "looked at a recording", "query.view": "looked at a result",
  "live.watch": "watched live", "clip.delete": "deleted a clip", "audit.view": "read this log", "grant.set": "granted a camera",
  "grant.withdraw": "took a grant back", "user.invite": "invited", "user.change": "changed an account",
  "user.delete": "deleted an account", "user.link": "made a password link", "password.link": "set a password by a link",
  "password.change": "changed their password", "camera.create": "added a camera", "camera.change": "changed a camera",
  "camera.delete": "deleted a camera", "camera.token": "made a camera token", "token.create": "made an API token",
  "token.end": "ended an API token", "export.create": "began an export", "export.fetch": "fetched an export",
  "share.create": "made a share link", "share.withdraw": "withdrew a share link", "share.play": "played a shared clip",
  "totp.confirm": "set up a second factor", "totp.remove": "removed their second factor",
  "totp.recovery_codes": "made new recovery codes", "totp.recovery_used": "used a recovery code",
  "password.reset_admin": "reset the admin's password", "query.ask": "asked a query", "recording.upload": "uploaded",
};

function how(entry) {
  if (entry.by === "session" || entry.by === "") return entry.address;
  if (entry.by === "command") return "command line";
  return [entry.by, entry.address].filter(Boolean).join(", ");
}

function about(entry) {
  const parts = [entry.target, entry.camera === entry.target ? "" : entry.camera].filter(Boolean);
  return el("td", { class: "small font-monospace text-break" }, parts.join(" · "));
}

function row(entry) {
  const words = Object.entries(entry.details).map(([name, text]) => `${name.replaceAll("_", " ")}: ${text}`).join("; ");
  const details = words.length > 200 ? `${words.slice(0, 200)}…` : words;
  return el(
    "tr",
    { "data-seq": entry.seq, title: `entry ${entry.seq}, hash ${entry.hash.slice(0, 16)}…` },
    el("td", { class: "number" }, timeOf(entry.at_us)),
    el("td", {}, entry.actor_name || el("span", { class: "text-body-secondary" }, entry.by === "command" || entry.by === "retention" ? "lookout" : "nobody")),
    el("td", {}, WORDS[entry.action] ?? entry.action),
    about(entry),
    el("td", { class: "small text-break", title: words }, details),
    el("td", { class: "small text-body-secondary" }, how(entry)),
  );
}

function take(page, isFirst) {
  if (isFirst) rows.replaceChildren();
  rows.append(...page.entries.map(row));
  byId("log").hidden = rows.children.length === 0;
  showEmpty(rows.children.length === 0, form);
}

const list = pagedList("/v1/audit", PAGE, form, take);


await wireFilters(form, list.reload);
await list.reload();
