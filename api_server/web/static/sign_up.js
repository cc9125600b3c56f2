// Making oneself an account, and signing in with it.
import { post } from "./api.js";
import { byId, showProblem } from "./dom.js";

const form = byId("form");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  showProblem(byId("problem"), null);
  const body = { name: form.elements.name.value.trim(), password: form.elements.password.value };
  try {
    await post("/v1/sign-up", body);
    await post("/v1/session", body);
    location.assign("/");
  } catch (problem) {
    showProblem(byId("problem"), problem);
    button.disabled = false;
  }
});
