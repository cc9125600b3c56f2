// The sign-in form.
import { post } from "./api.js";
import { byId, showProblem } from "./dom.js";

const form = byId("sign-in");

/** Only a place on this site: `next` comes from the address, which anybody can write. */
function target(role) {
  const home = role === "auditor" ? "/audit" : "/";
  const next = new URLSearchParams(location.search).get("next") ?? home;
  const url = new URL(next, location.origin);
  return url.origin === location.origin && next.startsWith("/") && !url.pathname.startsWith("/sign-in")
    ? url.pathname + url.search
    : home;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  showProblem(byId("problem"), null);
  try {
    const { role } = await post("/v1/session", {
      name: form.elements.name.value,
      password: form.elements.password.value,
      ...(form.elements.code.value && { code: form.elements.code.value }),
    });
    location.assign(target(role));
  } catch (problem) {
    button.disabled = false;
    if (problem.code === "code_needed" || problem.code === "wrong_code") {
      byId("code-field").hidden = false;
      form.elements.code.required = true;
      form.elements.code.value = "";
      form.elements.code.focus();
    } else {
      form.elements.password.select();
    }
    showProblem(byId("problem"), problem.code === "code_needed" ? null : problem);
  }
});
