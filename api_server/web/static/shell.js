// What every signed-in page has: signing out.
import { remove } from "./api.js";
import { byId, notice } from "./dom.js";

byId("sign-out").addEventListener("click", async () => {
  try {
    await remove("/v1/session");
    location.assign("/sign-in");
  } catch (problem) {
    notice(problem.message);
  }
});
