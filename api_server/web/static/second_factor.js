// One's own second factor: the authenticator app, and the recovery codes beside it.
import { call, get, post, put } from "./api.js";
import { byId, copy, notice, showProblem } from "./dom.js";
import { plural } from "./words.js";

const form = byId("totp-form");
const problemLine = form.querySelector(".problem");
const FEW_CODES = 3;
let hasFactor = false;

function stateWords(account) {
  if (account.totp) {
    const left = account.recovery_codes ? plural(account.recovery_codes, "recovery code") : "No recovery code";
    return (
      `Signing in needs a code of your authenticator app. ${left} left${account.recovery_codes < FEW_CODES ? ": make new ones" : ""}. ` +
      "To do that, or to remove this, enter a code."
    );
  }
  return form.dataset.needed
    ? "Admins need a second factor here: until you set one up, you reach this page alone."
    : "A code of an authenticator app, beside the password, whenever you sign in.";
}

function show(account, isBegun = false) {
  hasFactor = account.totp;
  byId("totp-state").textContent = stateWords(account);
  byId("totp-begin").hidden = hasFactor || isBegun;
  byId("totp-secret").hidden = !isBegun;
  byId("totp-code").hidden = !hasFactor && !isBegun;
  byId("totp-confirm").hidden = !isBegun;
  byId("totp-remove").hidden = !hasFactor;
  byId("recovery-renew").hidden = !hasFactor;
  form.elements.code.value = "";
}

const load = async () => show(await get("/v1/account"));

function showCodes(codes) {
  byId("recovery-codes").textContent = codes.join("\n");
  byId("recovery-dialog").showModal();
}

async function tried(work) {
  try {
    await work();
    showProblem(problemLine, null);
  } catch (problem) {
    showProblem(problemLine, problem);
  }
}

const given = () => ({ code: form.elements.code.value.trim() });

byId("totp-begin").addEventListener("click", () => tried(async () => {
  const { secret, uri } = await post("/v1/account/totp");
  byId("totp-text").textContent = secret.replace(/(.{4})(?=.)/g, "$1 ");
  byId("totp-uri").href = uri;
  show({ totp: false }, true);
  form.elements.code.focus();
}));

byId("recovery-renew").addEventListener("click", () => tried(async () => {
  const { recovery_codes } = await post("/v1/account/totp/recovery-codes", given());
  showCodes(recovery_codes);
  await load();
}));

form.addEventListener("submit", (event) => {
  event.preventDefault();
  tried(async () => {
    if (hasFactor) {
      await call("DELETE", "/v1/account/totp", given());
      notice("The second factor is removed.");
    } else {
      const { recovery_codes } = await put("/v1/account/totp", given());
      byId("totp-text").textContent = "";
      showCodes(recovery_codes);
    }
    await load();
  });
});

byId("copy-totp").addEventListener("click", () => copy(byId("totp-text").textContent.replaceAll(" ", ""), byId("totp-text")));
byId("copy-recovery").addEventListener("click", () => copy(byId("recovery-codes").textContent, byId("recovery-codes")));
byId("recovery-dialog").addEventListener("close", () => {
  byId("recovery-codes").textContent = "";
});

await tried(load);
