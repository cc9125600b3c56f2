// Setting a password by a link. The link's secret is behind the #: it is in no log and no referrer.
import { post } from "./api.js";
import { byId, showProblem } from "./dom.js";

const form = byId("form");
const link = location.hash.slice(1);
// Not in the history of a shared computer either.
history.replaceState(null, "", location.pathname);
if (!link) showProblem(byId("problem"), { message: "This address lacks its secret part. Open the link as it was given to you." });

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { password, again } = form.elements;
  if (password.value !== again.value) {
    showProblem(byId("problem"), { message: "The two are not the same." });
    again.select();
    return;
  }
  const button = form.querySelector("button");
  button.disabled = true;
  showProblem(byId("problem"), null);
  try {
    const { name } = await post("/v1/password", { link, password: password.value });
    form.hidden = true;
    byId("who").textContent = name;
    byId("done").hidden = false;
  } catch (problem) {
    showProblem(byId("problem"), problem);
    button.disabled = false;
  }
});
